//! What can be done on a host, and what happens when it goes wrong.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use access::{ChannelError, Exit, Refusal, connect};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

#[tokio::test]
async fn a_command_runs_on_the_host_meant() {
    let site = Site::new().await;
    let host = site.enter(&limits()).await;
    let output = host
        .exec("printf %s \"$REEVE_HOST\"", "")
        .await
        .expect("an answer");
    assert!(output.succeeded());
    assert_eq!(output.stdout, TARGET.as_bytes());
    host.close().await;
}

#[tokio::test]
async fn commands_end_as_they_end() {
    let site = Site::new().await;
    let host = site.enter(&limits()).await;
    let cases: [(&str, &str, Exit, &str, &str); 7] = [
        ("cat", "in", Exit::Status(0), "in", ""),
        (
            "echo out; echo err >&2; exit 3",
            "",
            Exit::Status(3),
            "out\n",
            "err\n",
        ),
        ("exit 255", "", Exit::Status(255), "", ""),
        ("/nonexistent 2>/dev/null", "", Exit::Status(127), "", ""),
        ("kill -KILL $$", "", Exit::Signal("KILL".to_owned()), "", ""),
        (
            "exec <&-; echo unread",
            "input that nobody reads",
            Exit::Status(0),
            "unread\n",
            "",
        ),
        ("env | grep -c CARGO", "", Exit::Status(1), "0\n", ""),
    ];
    for (command, input, exit, stdout, stderr) in cases {
        let output = host.exec(command, input).await.expect("an answer");
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(output.exit, exit, "{command}");
        assert_eq!(said(&output.stdout), stdout, "{command}");
        assert_eq!(said(&output.stderr), stderr, "{command}");
    }
}

/// More than every window and buffer on the way holds, there and back at the same time.
#[tokio::test]
async fn much_data_goes_there_and_back_at_once() {
    let site = Site::new().await;
    let host = site.enter(&limits()).await;
    let sent: Vec<u8> = (0_u32..6_000_000).flat_map(u32::to_le_bytes).collect();
    let output = host.exec("cat", sent.clone()).await.expect("an answer");
    assert!(
        output.stdout == sent,
        "{} bytes came back",
        output.stdout.len()
    );
}

#[tokio::test]
async fn commands_run_side_by_side() {
    let site = Site::new().await;
    let host = site.enter(&limits()).await;
    // The first ends only when the second has run.
    let folder = tempfile::tempdir().expect("a folder");
    let fifo = folder.path().join("fifo");
    let path = fifo.to_string_lossy();
    let made = host
        .exec(&format!("mkfifo {path}"), "")
        .await
        .expect("an answer");
    assert!(made.succeeded());
    let (read, write) = (format!("cat {path}"), format!("echo met > {path}"));
    let (read, written) = tokio::join!(host.exec(&read, ""), host.exec(&write, ""));
    assert!(written.expect("an answer").succeeded());
    assert_eq!(read.expect("an answer").stdout, b"met\n");
}

#[tokio::test]
async fn a_command_that_says_too_much_or_takes_too_long_is_cut_off() {
    let site = Site::new().await;
    let folder = tempfile::tempdir().expect("a folder");
    let short = Limits {
        output: 1000,
        ..limits()
    };
    let host = site.enter(&short).await;
    let error = host.exec("yes", "").await.expect_err("endless");
    assert!(
        matches!(error, ChannelError::TooMuchOutput { limit: 1000, .. }),
        "{error:?}"
    );
    let exact = host.exec("head -c 1000 /dev/zero", "").await;
    assert_eq!(exact.expect("within the limit").stdout.len(), 1000);

    let hasty = Limits {
        command: Duration::from_millis(300),
        ..limits()
    };
    let host = site.enter(&hasty).await;
    // The command holds a lock while it lives; only its death lets the next one have it.
    let lock = folder.path().join("lock");
    let lock = lock.to_string_lossy();
    let slow = format!("exec flock {lock} sleep 1000");
    let error = host.exec(&slow, "").await.expect_err("too slow");
    assert!(matches!(error, ChannelError::TimedOut { .. }), "{error:?}");
    let patient = site.enter(&limits()).await;
    let freed = patient.exec(&format!("flock {lock} true"), "").await;
    assert!(freed.expect("an answer").succeeded());
}

#[tokio::test]
async fn a_server_that_stops_ends_its_connections_and_commands() {
    let site = Site::new().await;
    let host = site.enter(&limits()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let lock = folder.path().join("lock");
    let started = folder.path().join("started");
    let command = format!(
        "exec flock {} sh -c 'echo > {}; sleep 1000'",
        lock.display(),
        started.display()
    );
    let running = host.exec(&command, "");
    tokio::pin!(running);
    while !started.exists() {
        tokio::select! {
            ended = &mut running => assert!(started.exists(), "{ended:?}"),
            () = tokio::task::yield_now() => {}
        }
    }
    drop(site.target);
    let error = running.await.expect_err("the server is gone");
    assert!(
        matches!(error, ChannelError::Disconnected { .. }),
        "{error:?}"
    );
    let freed = tokio::process::Command::new("flock")
        .arg(&lock)
        .arg("true")
        .status()
        .await;
    assert!(freed.expect("flock").success());
}

#[tokio::test]
async fn a_file_is_put_whole_or_not_at_all() {
    let site = Site::new().await;
    let host = site.enter(&limits()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("it's a $(file)");
    let name = path.to_string_lossy();
    for content in [&b"one"[..], b"", b"two\0\n"] {
        host.put(content, &name, 0o640).await.expect("written");
        assert_eq!(std::fs::read(&path).expect("a file"), content);
    }
    let mode = std::fs::metadata(&path)
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o640);

    for wrong in ["", "relative", "/tmp/", "/tmp/a\0b"] {
        let error = host.put("x", wrong, 0o600).await.expect_err("no such path");
        assert!(
            matches!(error, ChannelError::Path(_)),
            "{wrong:?}: {error:?}"
        );
    }
    let missing = folder.path().join("missing/file");
    for wrong in [missing.as_path(), folder.path()] {
        let error = host
            .put("x", &wrong.to_string_lossy(), 0o600)
            .await
            .expect_err("not writable");
        assert!(matches!(error, ChannelError::Write { .. }), "{error:?}");
    }
    let left = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 1, "nothing is left beside the file");
}

#[tokio::test]
async fn a_file_that_arrives_damaged_is_thrown_away() {
    let authorities = Authorities::new();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    std::fs::write(&path, "old").expect("a file");
    // On this host, another program is found by the name of the one that calculates digests.
    let liar = folder.path().join("sha256sum");
    std::fs::write(&liar, "#!/bin/sh\necho 0000  -\n").expect("a program");
    std::fs::set_permissions(&liar, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let mut config = authorities.config(TARGET);
    let search = format!("{}:/usr/bin:/bin", folder.path().display());
    config.environment.insert("PATH".to_owned(), search);
    let server = served(config).await;
    let route = Route::direct(stop(TARGET, &server));
    let host = connect(&route, &authorities.identity(), &limits())
        .await
        .expect("a login");
    let error = host.put("new", &path.to_string_lossy(), 0o600).await;
    assert!(
        matches!(error, Err(ChannelError::Damaged { .. })),
        "{error:?}"
    );
    assert_eq!(std::fs::read(&path).expect("a file"), b"old");
}

#[tokio::test]
async fn a_bastion_opens_a_way_onward() {
    let site = Site::new().await;
    let route = Route::direct(stop(BASTION, &site.bastion));
    let host = connect(&route, &site.authorities.identity(), &limits())
        .await
        .expect("a login");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let address = listener.local_addr().expect("an address");
    let far_end = async {
        let (mut stream, _) = listener.accept().await?;
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).await?;
        heard.reverse();
        stream.write_all(&heard).await?;
        stream.shutdown().await?;
        Ok::<_, std::io::Error>(())
    };
    let near_end = async {
        let mut stream = host.forward(address).await.expect("a way onward");
        stream.write_all(b"manor").await?;
        // The far end answers only after the end of data: it has to arrive by itself.
        stream.shutdown().await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let (far, near) = tokio::join!(far_end, near_end);
    far.expect("the far end");
    assert_eq!(near.expect("the near end"), b"ronam");
}

#[tokio::test]
async fn a_way_onward_is_refused_for_its_reason() {
    let site = Site::new().await;
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        listener.local_addr().expect("an address")
    };
    let cases = [
        (stop(BASTION, &site.bastion), Refusal::ConnectFailed),
        (stop(TARGET, &site.target), Refusal::Prohibited),
    ];
    for (stop, reason) in cases {
        let host = connect(
            &Route::direct(stop),
            &site.authorities.identity(),
            &limits(),
        )
        .await
        .expect("a login");
        let error = host.forward(closed).await.err().expect("no way onward");
        assert!(
            matches!(&error, ChannelError::Refused { cause, .. } if *cause == reason),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_channel_too_many_is_refused() {
    let authorities = Authorities::new();
    let mut config = authorities.config(TARGET);
    config.limits.channels = 1;
    let server = served(config).await;
    let route = Route::direct(stop(TARGET, &server));
    let host = connect(&route, &authorities.identity(), &limits())
        .await
        .expect("a login");
    let first = host.exec("sleep 1000", "");
    let second = host.exec("true", "");
    // Both are asked for at once, in this order; the second is refused, the first then abandoned.
    let error = tokio::select! {
        biased;
        _ = first => None,
        second = second => second.err(),
    };
    assert!(
        matches!(
            &error,
            Some(ChannelError::Refused {
                cause: Refusal::ResourceShortage,
                ..
            })
        ),
        "{error:?}"
    );
}
