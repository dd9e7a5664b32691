//! Calls a monitor such as healthchecks.io: when a run begins to work, when it went through, when it did not.
//!
//! The address is a secret, as whoever has it can say that all is well: it is in no message.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use url::Url;

use super::{Ending, Verdict};

/// How long a monitor is waited for, once the run is over.
const PATIENCE: Duration = Duration::from_secs(5);

/// Before the second attempt.
const PAUSE: Duration = Duration::from_millis(500);

pub(super) struct Ping {
    address: Url,
    client: reqwest::Client,
    begun: Option<JoinHandle<()>>,
}

impl Ping {
    /// For this address; warns when it is none.
    pub(super) fn new(address: &SecretString) -> Option<Self> {
        let wrong = |why: &str| {
            log::warn!("the address to ping {why}; nobody is pinged");
            None
        };
        let address = match Url::parse(address.expose_secret().trim()) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => url,
            _ => return wrong("is not one of http or https"),
        };
        let mut client = reqwest::Client::builder()
            .user_agent(concat!("erpsync/", env!("CARGO_PKG_VERSION")))
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none());
        if address.scheme() == "http" {
            // Never send plain HTTP through a proxy that the environment names.
            client = client.no_proxy();
        }
        match client.build() {
            Ok(client) => Some(Self { address, client, begun: None }),
            Err(_) => wrong("cannot be called: no client for HTTP"),
        }
    }

    /// Tells that a run works, beside the run.
    pub(super) fn begin(&mut self) {
        let (url, client) = (self.with("start"), self.client.clone());
        self.begun = Some(tokio::spawn(async move { report(call(&client, url).await) }));
    }

    /// Tells how the run ended, after what was told of its beginning.
    pub(super) async fn end(self, verdict: Verdict) {
        let url = match verdict.ending {
            Ending::Good => self.address.clone(),
            Ending::Bad => self.with(&verdict.status.to_string()),
            // What stays away for too long is what a monitor looks for.
            Ending::NotRun => return,
        };
        let both = async {
            if let Some(begun) = self.begun {
                let _ = begun.await;
            }
            match call(&self.client, url.clone()).await {
                Ok(()) => Ok(()),
                Err(_) => {
                    sleep(PAUSE).await;
                    call(&self.client, url).await
                }
            }
        };
        report(timeout(PATIENCE, both).await.unwrap_or_else(|_| Err("no answer in time".to_owned())));
    }

    fn with(&self, word: &str) -> Url {
        let mut url = self.address.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(word);
        }
        url
    }
}

async fn call(client: &reqwest::Client, url: Url) -> Result<(), String> {
    let answer = client.get(url).send().await.map_err(|e| {
        let e = e.without_url();
        if e.is_timeout() { "no answer in time".to_owned() } else { words(&e) }
    })?;
    let status = answer.status();
    if status.is_success() { Ok(()) } else { Err(format!("it answered {}", status.as_u16())) }
}

/// With what lies below: the first part alone says "error sending request".
fn words(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(below) = deepest.source() {
        deepest = below;
    }
    deepest.to_string()
}

fn report(called: Result<(), String>) {
    if let Err(why) = called {
        log::warn!("the monitor was not reached: {why}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(address: &str, word: &str) -> String {
        Ping::new(&address.into()).unwrap().with(word).into()
    }

    #[test]
    fn words_go_behind_the_path() {
        for (address, called) in [
            ("https://hc-ping.com/5f1c", "https://hc-ping.com/5f1c/start"),
            ("https://hc-ping.com/5f1c/", "https://hc-ping.com/5f1c/start"),
            (" http://monitor.lan/ping/key/job?create=1\n", "http://monitor.lan/ping/key/job/start?create=1"),
        ] {
            assert_eq!(with(address, "start"), called);
        }
    }

    #[test]
    fn what_is_no_address() {
        for text in ["", "hc-ping.com/5f1c", "ftp://x/y", "https://"] {
            assert!(Ping::new(&text.into()).is_none(), "{text:?}");
        }
    }
}
