//! What each fate does to a request, seen from both sides.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use erpsync_sandbox::proxy::{Fate, Passing, Proxy};

/// A server that answers `answer N` to its request number N, and keeps the bodies that came.
struct Server {
    url: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&heard);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let mut reader = BufReader::new(&client);
                let (mut text, mut length) = (String::new(), 0);
                while !text.ends_with("\r\n\r\n") {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) == 0 {
                        break;
                    }
                    if let Some(value) = line.strip_prefix("Content-Length: ") {
                        length = value.trim().parse().unwrap();
                    }
                    text.push_str(&line);
                }
                let mut body = vec![0; length];
                if reader.read_exact(&mut body).is_err() {
                    continue;
                }
                text.push_str(std::str::from_utf8(&body).unwrap());
                let number = {
                    let mut all = told.lock().unwrap();
                    all.push(text);
                    all.len()
                };
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nanswer {number}");
                let _ = (&client).write_all(answer.as_bytes());
            }
        });
        Self { url, heard }
    }

    fn heard(&self) -> usize {
        self.heard.lock().unwrap().len()
    }
}

const BODY: &str = r#"{"ids":[7],"context":{"erpsync":{"what":"take"}}}"#;

/// All that comes back; an error for a connection that fails.
fn ask(proxy: &Proxy) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(proxy.url().trim_start_matches("http://"))?;
    let head = format!(
        "POST /json/2/ir.actions.server/run HTTP/1.1\r\nCookie: session_id=abc\r\nContent-Length: {}",
        BODY.len()
    );
    stream.write_all(format!("{head}\r\nConnection: keep-alive\r\n\r\n{BODY}").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn between(server: &Server, fate: impl Fn(&Passing) -> Fate + Send + 'static) -> Proxy {
    Proxy::start(&server.url, [(7, "lease".to_owned())].into(), fate).unwrap()
}

#[test]
fn a_call_is_known_and_passes_as_it_is() {
    let server = Server::start();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let proxy = between(&server, move |call| {
        assert_eq!(call.size, BODY.len());
        told.lock().unwrap().push((call.number, call.name.clone(), call.before, call.in_session));
        Fate::Pass
    });
    assert!(ask(&proxy).unwrap().ends_with("answer 1"));
    assert!(ask(&proxy).unwrap().ends_with("answer 2"));
    proxy.wait_idle();
    let name = "procedure lease take".to_owned();
    assert_eq!(*seen.lock().unwrap(), [(1, name.clone(), 0, true), (2, name.clone(), 1, true)]);
    assert_eq!((proxy.accepted(), proxy.names()[&2].as_str()), (2, name.as_str()));
    let heard = server.heard.lock().unwrap();
    assert!(heard[0].ends_with(BODY) && heard[0].contains("session_id=abc\r\n"), "{}", heard[0]);
    assert!(heard[0].contains("Connection: close") && !heard[0].contains("keep-alive"), "{}", heard[0]);
}

/// What comes back, and what the server has heard by then.
fn with(fate: fn() -> Fate) -> (String, usize) {
    let server = Server::start();
    let proxy = between(&server, move |_| fate());
    // A connection that ends at once may be one that fails.
    let answer = ask(&proxy).unwrap_or_default();
    proxy.wait_idle();
    (answer, server.heard())
}

#[test]
fn each_fate_is_what_it_says() {
    assert_eq!(with(|| Fate::Drop), (String::new(), 0));
    assert_eq!(with(|| Fate::LoseAnswer), (String::new(), 1));
    let (answer, heard) = with(|| Fate::HalfAnswer);
    assert!(answer.contains("Content-Length: 8") && answer.ends_with("\r\n\r\nansw"), "{answer}");
    assert_eq!(heard, 1);
    for (fate, heard) in [((|| Fate::Page(502)) as fn() -> Fate, 0), (|| Fate::PageAfter(502), 1)] {
        let (answer, came) = with(fate);
        assert!(answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n") && answer.ends_with("</html>"), "{answer}");
        assert_eq!(came, heard);
    }
    for fate in [(|| Fate::Twice) as fn() -> Fate, || Fate::TwiceFirst] {
        let (answer, heard) = with(fate);
        assert!(answer.contains("\r\n\r\nanswer "), "{answer}");
        assert_eq!(heard, 2);
    }
}

#[test]
fn a_session_is_forgotten() {
    let server = Server::start();
    let proxy = between(&server, |_| Fate::ForgetSession);
    ask(&proxy).unwrap();
    assert!(server.heard.lock().unwrap()[0].contains("session_id=000\r\n"));
}

#[test]
fn a_copy_comes_late() {
    let server = Server::start();
    let proxy = between(&server, |call| if call.number == 1 { Fate::Again } else { Fate::Pass });
    ask(&proxy).unwrap();
    ask(&proxy).unwrap();
    assert_eq!(server.heard(), 2);
    assert_eq!((proxy.send_late(), proxy.send_late()), (1, 0));
    assert_eq!(server.heard(), 3);
}

#[test]
fn nobody_listens_until_told() {
    let server = Server::start();
    for first in [1, 2] {
        let heard = server.heard();
        let proxy = Proxy::refusing(&server.url, [].into(), Some(first), |_| Fate::Pass).unwrap();
        for _ in 1..first {
            ask(&proxy).unwrap();
        }
        for _ in 0..3 {
            assert_eq!(ask(&proxy).map_err(|e| e.kind()), Err(ErrorKind::ConnectionRefused));
        }
        assert_eq!(server.heard() - heard, first - 1);
        proxy.reopen();
        let started = Instant::now();
        while ask(&proxy).is_err() {
            assert!(started.elapsed() < Duration::from_secs(60), "it does not listen again");
            std::thread::yield_now();
        }
    }
}

/// A child has copies of its parent's sockets until it becomes its own program; so a listener that its parent closes may still
/// be there for a moment, in the way of another on its port.
#[test]
fn it_listens_again_while_children_are_started() {
    let server = Server::start();
    let enough = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _enough = OnDrop(&enough);
        for _ in 0..3 {
            scope.spawn(|| {
                while !enough.load(Ordering::Relaxed) {
                    assert!(Command::new("true").status().unwrap().success());
                }
            });
        }
        for _ in 0..100 {
            let proxy = Proxy::refusing(&server.url, [].into(), Some(2), |_| Fate::Pass).unwrap();
            ask(&proxy).unwrap();
            assert_eq!(ask(&proxy).map_err(|e| e.kind()), Err(ErrorKind::ConnectionRefused));
            proxy.reopen();
            let started = Instant::now();
            while ask(&proxy).is_err() {
                assert!(started.elapsed() < Duration::from_secs(60), "it does not listen again");
                std::thread::yield_now();
            }
        }
    });
}

/// Sets the flag when it goes, also when a test panics.
struct OnDrop<'a>(&'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
