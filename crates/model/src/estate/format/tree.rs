//! The paths of the format as a tree, for what nests.

use super::describe::{Entry, Format, parts};
use crate::document::{ITEM, NAME};

/// A place of the format and what is below it.
#[derive(Debug, Default)]
pub(in crate::estate) struct Node<'f> {
    /// What is said of the place itself; nothing where it is only on the way to others.
    pub(in crate::estate) entry: Option<&'f Entry>,
    /// Keys that stand there, in order.
    pub(in crate::estate) keys: Vec<(&'f str, Node<'f>)>,
    /// What stands at every other key.
    pub(in crate::estate) names: Option<Box<Node<'f>>>,
    /// What stands at every place, if it is a list of tables.
    pub(in crate::estate) items: Option<Box<Node<'f>>>,
}

/// Builds the tree.
pub(in crate::estate) fn tree(format: &Format) -> Node<'_> {
    let mut root = Node::default();
    for entry in &format.entries {
        let mut node = &mut root;
        for part in parts(&entry.path) {
            node = node.child(part);
        }
        node.entry = Some(entry);
    }
    root
}

impl<'f> Node<'f> {
    fn child(&mut self, part: &'f str) -> &mut Self {
        match part {
            NAME => self.names.get_or_insert_default(),
            ITEM => self.items.get_or_insert_default(),
            key => {
                let known = self.keys.iter().position(|(known, _)| *known == key);
                let at = known.unwrap_or(self.keys.len());
                if known.is_none() {
                    self.keys.push((key, Self::default()));
                }
                &mut self.keys[at].1
            }
        }
    }
}
