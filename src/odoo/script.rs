//! An Odoo that says what a list says, whatever it is asked: for tests and fuzzing of everything that reads answers, without
//! a server. Sends nothing and waits for nothing.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// What a server answers to one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// The answers to come, in order; when they are used up, the server is gone.
#[derive(Debug)]
pub struct Script {
    json2: bool,
    replies: Mutex<VecDeque<Reply>>,
}

impl Script {
    /// Answers in the envelopes of JSON-2, or of the web session.
    #[must_use]
    pub fn new(json2: bool, replies: impl IntoIterator<Item = Reply>) -> Self {
        Self { json2, replies: Mutex::new(replies.into_iter().collect()) }
    }

    pub(super) fn is_json2(&self) -> bool {
        self.json2
    }

    #[cfg(test)]
    pub(super) fn extend(&self, replies: impl IntoIterator<Item = Reply>) {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner).extend(replies);
    }

    pub(super) fn next(&self) -> Option<Reply> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}
