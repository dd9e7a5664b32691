//! Answers HTTP requests in Odoo's place, as a test says: what stands before an Odoo, or an Odoo that nobody can start.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

/// Listens until the process ends, and returns the address; `answer` is told the path and says everything, from the first line on.
pub fn front(answer: impl Fn(&str) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // Whoever goes away in the middle wants no answer.
            let _ = serve(&client, &answer);
        }
    });
    url
}

fn serve(mut client: &TcpStream, answer: &impl Fn(&str) -> String) -> std::io::Result<()> {
    let mut reader = BufReader::new(client);
    let (mut path, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if path.is_empty() {
            path = line.split_whitespace().nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    reader.take(length).read_to_end(&mut Vec::new())?;
    client.write_all(answer(&path).as_bytes())
}

/// An answer with a status, further headers (each with its line's end) and a body.
pub fn page(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// What Odoo answers to JSON.
pub fn json(result: &str) -> String {
    page("200 OK", "Content-Type: application/json\r\n", &format!("{{\"jsonrpc\": \"2.0\", \"id\": null, {result}}}"))
}

/// An exception in Odoo.
pub fn exception(name: &str, message: &str, debug: &str) -> String {
    let data = serde_json::json!({"name": name, "message": message, "debug": debug});
    json(&format!("\"error\": {{\"code\": 200, \"message\": \"Odoo Server Error\", \"data\": {data}}}"))
}

/// Which Odoo it says to be.
pub fn version(version: u32) -> String {
    json(&format!(
        "\"result\": {{\"server_version\": \"{version}.0\", \"server_version_info\": [{version}, 0, 0, \"final\", 0, \"\"]}}"
    ))
}
