//! A monitor that jobs are to call: it answers as it is told and remembers what it was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

pub struct Monitor {
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Monitor {
    /// Answers everything with this status line, or nothing at all.
    pub fn answering(status: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/ping/SECRET-WORD", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut line = String::new();
                let mut lines = BufReader::new(stream.try_clone().unwrap());
                lines.read_line(&mut line).unwrap();
                while lines.read_line(&mut String::new()).unwrap() > 2 {}
                let path = line.split(' ').nth(1).unwrap_or_default();
                heard.lock().unwrap().push(path.trim_start_matches("/ping/SECRET-WORD").to_owned());
                match status {
                    Some(status) => {
                        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\nOK");
                        let _ = stream.write_all(answer.as_bytes());
                    }
                    None => held.push(stream),
                }
            }
        });
        Self { url, asked }
    }

    /// What was asked for behind the address, since the last time.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}
