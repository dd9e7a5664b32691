//! Answers that are given again: the bytes of metadata and rows of whole queries, until a table changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The query in SQLite's words, and whether the client knows NBCROW.
pub(super) type Key = (String, bool);

/// Everything between the statement and its DONE token.
#[derive(Debug)]
pub(super) struct Answer {
    pub chunks: Vec<Vec<u8>>,
    pub rows: u64,
}

#[derive(Debug, Default)]
struct Known {
    /// Counts the changes.
    moment: u64,
    answers: HashMap<Key, Arc<Answer>>,
}

#[derive(Debug, Default)]
pub(super) struct Answers(Mutex<Known>);

impl Answers {
    fn known_now(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn known(&self, key: &Key) -> Option<Arc<Answer>> {
        self.known_now().answers.get(key).cloned()
    }

    /// To be asked before a query runs.
    pub fn moment(&self) -> u64 {
        self.known_now().moment
    }

    /// Keeps an answer, unless something changed since the query began.
    pub fn keep(&self, key: Key, moment: u64, answer: Answer) {
        let mut known = self.known_now();
        if known.moment == moment {
            known.answers.insert(key, Arc::new(answer));
        }
    }

    /// Forgets everything when the change is over, whether it succeeded or not.
    pub fn forget_after(&self) -> impl Drop + use<'_> {
        Change(self)
    }
}

struct Change<'a>(&'a Answers);

impl Drop for Change<'_> {
    fn drop(&mut self) {
        let mut known = self.0.known_now();
        known.moment += 1;
        known.answers.clear();
    }
}
