//! Asks a person at a terminal: questions on stderr, answers from stdin, secrets without showing them.

use std::io::{self, Write};

use secrecy::SecretString;

use crate::commands::{Failure, Signals};
use crate::render::plain;

/// A person who answers; or nobody, then a question is an error that names the flag.
pub(super) struct Person<'a> {
    signals: &'a Signals,
    there: bool,
}

impl<'a> Person<'a> {
    pub(super) fn new(there: bool, signals: &'a Signals) -> Self {
        Self { signals, there }
    }

    pub(super) fn is_there(&self) -> bool {
        self.there
    }

    /// Says something beside the answer.
    pub(super) fn tell(&self, text: &str) {
        if self.there {
            show(&format!("{}\n", plain(text)));
        }
    }

    /// Asks for a line; an empty one stands for the default.
    ///
    /// # Errors
    /// [`Failure::Usage`] when nobody is there to answer, or the input ends.
    pub(super) async fn ask(&self, question: &str, default: Option<&str>, flag: &str) -> Result<String, Failure> {
        loop {
            let shown = default.map_or_else(String::new, |default| format!(" [{}]", plain(default)));
            let line = self.line(&format!("{question}{shown}: "), flag).await?;
            match (line.trim(), default) {
                ("", Some(default)) => return Ok(default.to_owned()),
                ("", None) => {}
                (answer, _) => return Ok(answer.to_owned()),
            }
        }
    }

    /// Asks for one of some words.
    ///
    /// # Errors
    /// As [`Person::ask`].
    pub(super) async fn choose(&self, question: &str, words: &[&str], flag: &str) -> Result<usize, Failure> {
        loop {
            let answer = self.ask(&format!("{question} ({})", words.join(", ")), words.first().copied(), flag).await?;
            match words.iter().position(|word| word.eq_ignore_ascii_case(&answer)) {
                Some(at) => return Ok(at),
                None => self.tell(&format!("Please answer {}.", words.join(" or "))),
            }
        }
    }

    /// Asks for a secret, and does not show what is typed; an empty one is none.
    ///
    /// # Errors
    /// As [`Person::ask`].
    pub(super) async fn secret(&self, question: &str, flag: &str) -> Result<Option<SecretString>, Failure> {
        let hidden = if self.there { Hidden::begin() } else { None };
        let line = self.line(&format!("{question}: "), flag).await;
        if hidden.is_some() {
            show("\n");
        }
        drop(hidden);
        let line = line?;
        let secret = line.trim_end_matches(['\n', '\r']);
        Ok((!secret.is_empty()).then(|| secret.to_owned().into()))
    }

    async fn line(&self, question: &str, flag: &str) -> Result<String, Failure> {
        if !self.there {
            return Err(Failure::Usage(format!("init needs {flag}, as there is nobody at a terminal to ask")));
        }
        show(question);
        let reading = async {
            let read = tokio::task::spawn_blocking(|| {
                let mut line = String::new();
                io::stdin().read_line(&mut line).map(|length| (length, line))
            });
            read.await.map_err(|e| Failure::Io(io::Error::other(e)))?.map_err(Failure::Io)
        };
        // Whoever interrupts has their terminal back as it was.
        let (length, line) = self.signals.unless_interrupted(reading).await?;
        if length == 0 {
            show("\n");
            return Err(Failure::Usage(format!("the input ended before {flag} was answered; nothing was written")));
        }
        Ok(line)
    }
}

fn show(text: &str) {
    let mut out = io::stderr();
    // Whoever has no stderr does not read the question; the answer counts all the same.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// What is typed is not shown until this is dropped.
#[cfg(unix)]
struct Hidden(rustix::termios::Termios);

#[cfg(unix)]
impl Hidden {
    fn begin() -> Option<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(io::stdin()).ok()?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Now, &quiet).ok()?;
        Some(Self(before))
    }
}

#[cfg(unix)]
impl Drop for Hidden {
    fn drop(&mut self) {
        // A terminal that went away needs no echo.
        let _ = rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, &self.0);
    }
}

#[cfg(not(unix))]
struct Hidden;

#[cfg(not(unix))]
impl Hidden {
    fn begin() -> Option<Self> {
        None
    }
}
