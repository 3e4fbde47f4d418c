//! Interactive shells: a real terminal, its size, and its end.

use access::{Exit, Size, Terminal};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::sync::watch;

use super::*;

const START: Size = Size {
    columns: 91,
    rows: 33,
};

/// Somebody at a keyboard and a screen.
struct Person {
    keyboard: WriteHalf<DuplexStream>,
    screen: ReadHalf<DuplexStream>,
    seen: String,
}

impl Person {
    async fn types(&mut self, text: &str) {
        self.keyboard
            .write_all(text.as_bytes())
            .await
            .expect("typed");
    }

    /// Waits until the screen has shown a text, after the last text waited for. The shell's own end ends the wait.
    async fn sees(&mut self, text: &str) {
        loop {
            if let Some(start) = self.seen.find(text) {
                self.seen.drain(..start + text.len());
                return;
            }
            let mut piece = [0; 1024];
            let read = self.screen.read(&mut piece).await.expect("a screen");
            assert!(read > 0, "never saw {text:?}, only {:?}", self.seen);
            let shown = piece.get(..read).unwrap_or_default();
            self.seen.push_str(&String::from_utf8_lossy(shown));
        }
    }
}

/// Sits a person at a shell of the target.
async fn at_a_shell<F>(act: impl FnOnce(Person, watch::Sender<Size>) -> F) -> Exit
where
    F: Future<Output = Person>,
{
    let site = Site::new().await;
    let host = site.enter(&limits()).await;
    let (near, far) = duplex(64 * 1024);
    let (screen, keyboard) = split(near);
    let person = Person {
        keyboard,
        screen,
        seen: String::new(),
    };
    let (resize, sizes) = watch::channel(START);
    let terminal = Terminal {
        term: "xterm-256color".to_owned(),
        size: START,
    };
    let (input, output) = split(far);
    let shell = host.shell(&terminal, sizes, input, output);
    let (exit, _person) = tokio::join!(shell, act(person, resize));
    exit.expect("the shell's end")
}

#[tokio::test]
async fn a_shell_has_a_terminal_of_the_right_size_on_the_right_host() {
    let exit = at_a_shell(|mut person, resize| async move {
        person
            .types("echo \"[$REEVE_HOST]\" \"[$TERM]\"; stty size\n")
            .await;
        person.sees("[production/apim-1] [xterm-256color]").await;
        person.sees("33 91").await;
        resize.send_replace(Size {
            columns: 120,
            rows: 40,
        });
        // The size arrives by its own message: ask until it has.
        person
            .types("until [ \"$(stty size)\" = '40 120' ]; do :; done; echo re'sized'\n")
            .await;
        person.sees("resized").await;
        person.types("exit 7\n").await;
        person
    })
    .await;
    assert_eq!(exit, Exit::Status(7));
}

#[tokio::test]
async fn a_shell_controls_its_jobs() {
    let exit = at_a_shell(|mut person, _resize| async move {
        // Ctrl-C reaches the command in the foreground, and only that. The command itself says that it runs: a shell
        // that has only just forked may still swallow the signal.
        person
            .types("sh -c \"echo rea'dy'; exec sleep 1000\"\n")
            .await;
        person.sees("ready").await;
        person.types("\u{3}").await;
        person.types("echo st'ill' here\n").await;
        person.sees("still here").await;
        // Ctrl-D ends the shell, with its last command's status.
        person.types("\u{4}").await;
        person
    })
    .await;
    assert_eq!(exit, Exit::Status(0));
}

#[tokio::test]
async fn the_end_of_the_keyboard_ends_the_shell() {
    let exit = at_a_shell(|mut person, _resize| async move {
        person.types("echo rea'dy'\n").await;
        person.sees("ready").await;
        person.keyboard.shutdown().await.expect("no more keys");
        person
    })
    .await;
    assert_eq!(exit, Exit::Status(0));
}

#[tokio::test]
async fn a_shell_that_is_abandoned_is_hung_up() {
    let site = Site::new().await;
    let host = site.enter(&limits()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let lock = folder.path().join("lock");
    let (near, far) = duplex(64 * 1024);
    let (screen, keyboard) = split(near);
    let mut person = Person {
        keyboard,
        screen,
        seen: String::new(),
    };
    let (_resize, sizes) = watch::channel(START);
    let terminal = Terminal {
        term: "dumb".to_owned(),
        size: START,
    };
    let (input, output) = split(far);
    // The job in the foreground holds the lock, in a process group of its own.
    let line = format!(
        "flock {} sh -c \"echo hel'd'; sleep 1000\"\n",
        lock.display()
    );
    let working = async {
        person.types(&line).await;
        person.sees("held").await;
    };
    tokio::select! {
        ended = host.shell(&terminal, sizes, input, output) => assert!(ended.is_ok(), "{ended:?}"),
        () = working => {}
    }
    let freed = host
        .exec(&format!("flock {} true", lock.display()), "")
        .await;
    assert!(freed.expect("the lock is free").succeeded());
}
