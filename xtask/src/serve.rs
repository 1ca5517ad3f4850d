//! A small static server for `web/dist`: this machine only, GET and HEAD, byte ranges, nothing outside the folder.

use std::{
    fs::File,
    io::{ErrorKind, Read, Seek, SeekFrom, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Component, Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use crate::shell::{self, Failure, Outcome};

/// Longest request head that is read, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;
/// How long a client may take for its whole head.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// How long a client may take for the next part of an answer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Connections served at one time; more wait in the listener's queue.
const MOST_CONNECTIONS: usize = 64;

/// What every answer carries; docs/hosting.md recommends the same to others who host the page. No other site may show it in a
/// frame or embed its files, and of the devices only the camera can be asked for, by the page itself.
const HEADERS: &[(&str, &str)] = &[
    ("Connection", "close"),
    ("Cache-Control", "no-cache"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    (
        "Permissions-Policy",
        "camera=(self), microphone=(), geolocation=(), display-capture=(), usb=(), payment=()",
    ),
    ("Referrer-Policy", "no-referrer"),
];

/// Serves `web/dist` until the process is stopped. Port 0 takes any free port; the address is printed.
pub(crate) fn run(port: u16) -> Outcome {
    let folder = shell::root().join("web/dist");
    if !folder.join("index.html").is_file() {
        return Err(Failure("web/dist holds no page yet: run `cargo xtask web` first".to_owned()));
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
        Failure(format!("cannot listen on port {port}: {error}; choose another with --port"))
    })?;
    let address = listener.local_addr().map_err(|error| Failure(error.to_string()))?;
    println!("http://localhost:{}/", address.port());
    for stream in listener.incoming().flatten() {
        while Slot::all_taken() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let (folder, slot) = (folder.clone(), Slot::take());
        std::thread::spawn(move || {
            let _slot = slot;
            // A browser that goes away in the middle of an answer is no error of ours.
            let _ = answer(&stream, &folder, HEAD_DEADLINE);
        });
    }
    Ok(())
}

/// Connections that are being served.
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// The place of one connection, free again when it is dropped, also by a panic.
struct Slot;

impl Slot {
    fn all_taken() -> bool {
        OPEN.load(Ordering::Relaxed) >= MOST_CONNECTIONS
    }

    fn take() -> Self {
        OPEN.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

fn answer(stream: &TcpStream, folder: &Path, deadline: Duration) -> std::io::Result<()> {
    stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
    let text = match read_head(stream, deadline)? {
        Head::Whole(text) => text,
        Head::TooLong => return refuse(stream, "431 Request Header Fields Too Large"),
        Head::TooSlow => return refuse(stream, "408 Request Timeout"),
        Head::Malformed => return refuse(stream, "400 Bad Request"),
    };
    let mut lines = text.lines();
    let mut words = lines.next().unwrap_or_default().split_whitespace();
    let (method, address) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let fields: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(':')).collect();
    let values = |wanted: &str| -> Vec<&str> {
        let named = fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        named.map(|(_, value)| value.trim()).collect()
    };
    // Under another name it may be the page of somebody else who had this name point to this machine.
    if !matches!(values("host")[..], [host] if is_this_machine(host)) {
        return refuse(stream, "421 Misdirected Request");
    }
    if method != "GET" && method != "HEAD" {
        return head(stream, "405 Method Not Allowed", &[("Allow", "GET, HEAD"), ("Content-Length", "0")]);
    }
    let Some(path) = file_of(folder, address) else { return refuse(stream, "404 Not Found") };
    send(stream, &path, values("range").first().copied(), method == "GET")
}

/// The head of a request, as far as it came.
enum Head {
    Whole(String),
    TooLong,
    TooSlow,
    Malformed,
}

/// Reads up to the empty line that ends a head, for as long as `deadline` at most, however slowly it comes.
fn read_head(mut stream: &TcpStream, deadline: Duration) -> std::io::Result<Head> {
    let started = Instant::now();
    let mut bytes = Vec::new();
    let mut chunk = [0; 1024];
    while !bytes.windows(4).any(|end| end == b"\r\n\r\n") && !bytes.windows(2).any(|end| end == b"\n\n") {
        if bytes.len() > LONGEST_HEAD {
            return Ok(Head::TooLong);
        }
        let left = deadline.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Ok(Head::TooSlow);
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut chunk) {
            Ok(0) => return Ok(Head::Malformed),
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Ok(Head::TooSlow);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(String::from_utf8(bytes).map_or(Head::Malformed, Head::Whole))
}

/// Whether a Host field names this machine: `localhost` or `127.0.0.1`, with any port.
fn is_this_machine(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    (name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1")
        && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Answers without content.
fn refuse(stream: &TcpStream, status: &str) -> std::io::Result<()> {
    head(stream, status, &[("Content-Length", "0")])
}

fn send(stream: &TcpStream, path: &Path, range: Option<&str>, with_body: bool) -> std::io::Result<()> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut headers = vec![("Content-Type", media_type(path)), ("Accept-Ranges", "bytes")];
    let (status, first, count, content_range);
    match range.map(|range| part_of(range, length)) {
        None | Some(Part::Whole) => {
            (status, first, count) = ("200 OK", 0, length);
        }
        Some(Part::Bytes { from, to }) => {
            (status, first, count) = ("206 Partial Content", from, to - from + 1);
            content_range = format!("bytes {from}-{to}/{length}");
            headers.push(("Content-Range", &content_range));
        }
        Some(Part::Outside) => {
            let content_range = format!("bytes */{length}");
            let headers = [("Content-Range", content_range.as_str()), ("Content-Length", "0")];
            return head(stream, "416 Range Not Satisfiable", &headers);
        }
    }
    let count_text = count.to_string();
    headers.push(("Content-Length", &count_text));
    head(stream, status, &headers)?;
    if with_body {
        file.seek(SeekFrom::Start(first))?;
        let mut stream = stream;
        std::io::copy(&mut file.take(count), &mut stream)?;
    }
    Ok(())
}

fn head(mut stream: &TcpStream, status: &str, headers: &[(&str, &str)]) -> std::io::Result<()> {
    let mut text = format!("HTTP/1.1 {status}\r\n");
    for (name, value) in headers.iter().chain(HEADERS) {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    stream.write_all(text.as_bytes())
}

/// The file that an address names, or nothing where it names no file inside the folder.
fn file_of(folder: &Path, address: &str) -> Option<PathBuf> {
    let path = address.split(['?', '#']).next()?.strip_prefix('/')?;
    let relative = PathBuf::from(unescape(path)?);
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return None;
    }
    let mut full = folder.join(relative);
    if full.is_dir() {
        full.push("index.html");
    }
    // A link inside the folder may still point out of it.
    let (real, folder) = (full.canonicalize().ok()?, folder.canonicalize().ok()?);
    (real.starts_with(folder) && real.is_file()).then_some(real)
}

/// Resolves `%41` escapes; nothing where they are malformed or make no text.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        if *byte == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            // `from_str_radix` alone would also read `+f`.
            let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            bytes.push(u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)?);
            rest = &after[2..];
        } else {
            bytes.push(*byte);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

#[derive(Debug, PartialEq)]
enum Part {
    /// Everything: a range that is not understood is to be ignored.
    Whole,
    /// The bytes `from..=to`.
    Bytes { from: u64, to: u64 },
    /// Bytes that the file does not have.
    Outside,
}

/// What a `Range` header asks for, of a file of this length. One range; several are answered with the whole file.
fn part_of(range: &str, length: u64) -> Part {
    let Some((from, to)) = range.strip_prefix("bytes=").and_then(|part| part.split_once('-')) else {
        return Part::Whole;
    };
    let last = length.saturating_sub(1);
    match (position(from), position(to)) {
        (Some(from), Some(to)) if from <= to && from < length => Part::Bytes { from, to: to.min(last) },
        (Some(from), None) if to.is_empty() && from < length => Part::Bytes { from, to: last },
        (None, Some(count)) if from.is_empty() && count > 0 && length > 0 => {
            Part::Bytes { from: length.saturating_sub(count), to: last }
        }
        (Some(from), to_position) if from >= length && (to.is_empty() || to_position >= Some(from)) => {
            Part::Outside
        }
        _ => Part::Whole,
    }
}

/// A position in a range: digits alone, without the sign that `parse` would accept.
fn position(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|ending| ending.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "ts" | "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
    }

    #[test]
    fn only_files_inside_the_folder_are_found() {
        let found = |address: &str| file_of(&folder(), address);
        assert!(found("/main.rs").is_some());
        assert!(found("/main%2Ers?x=1").is_some());
        for outside in [
            "/../Cargo.toml",
            "/%2e%2e/Cargo.toml",
            "//etc/passwd",
            "/..%2fCargo.toml",
            "/%00",
            "/%zz",
            "/main%+2rs",
            "main.rs",
            "/none",
            "/",
        ] {
            assert_eq!(found(outside), None, "{outside}");
        }
    }

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        assert_eq!(part_of("bytes=0-3", 10), Part::Bytes { from: 0, to: 3 });
        assert_eq!(part_of("bytes=4-", 10), Part::Bytes { from: 4, to: 9 });
        assert_eq!(part_of("bytes=-3", 10), Part::Bytes { from: 7, to: 9 });
        assert_eq!(part_of("bytes=-30", 10), Part::Bytes { from: 0, to: 9 });
        assert_eq!(part_of("bytes=8-99", 10), Part::Bytes { from: 8, to: 9 });
        assert_eq!(part_of("bytes=10-", 10), Part::Outside);
        assert_eq!(part_of("bytes=0-0", 0), Part::Outside);
        for ignored in [
            "bytes=5-2",
            "bytes=+0-+3",
            "bytes= 0-3",
            "bytes=20-12",
            "bytes=a-b",
            "lines=1-2",
            "bytes=-0",
            "bytes=0-1,4-5",
        ] {
            assert_eq!(part_of(ignored, 10), Part::Whole, "{ignored}");
        }
    }

    /// What the server answers to these bytes, sent with pauses between them.
    fn answer_to(parts: &[&[u8]], pause: Duration, deadline: Duration) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let _ = answer(&listener.accept().unwrap().0, &folder(), deadline);
        });
        let mut client = TcpStream::connect(address).unwrap();
        let mut sender = client.try_clone().unwrap();
        let parts: Vec<Vec<u8>> = parts.iter().map(|part| part.to_vec()).collect();
        let sending = std::thread::spawn(move || {
            for part in parts {
                if sender.write_all(&part).is_err() {
                    return;
                }
                std::thread::sleep(pause);
            }
        });
        let mut bytes = Vec::new();
        // The server closes while the client still sends: then the rest of the answer may be lost.
        let mut chunk = [0; 4096];
        while let Ok(count @ 1..) = client.read(&mut chunk) {
            bytes.extend_from_slice(&chunk[..count]);
        }
        server.join().unwrap();
        sending.join().unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn answer_at_once(request: &[u8]) -> String {
        answer_to(&[request], Duration::ZERO, HEAD_DEADLINE)
    }

    #[test]
    fn a_request_is_answered_over_the_wire_with_every_header() {
        let text =
            answer_at_once(b"GET /main.rs HTTP/1.1\r\nHost: localhost:8080\r\nrange: bytes=0-3\r\n\r\n");
        assert!(text.starts_with("HTTP/1.1 206 Partial Content\r\n"), "{text}");
        assert!(text.contains("Content-Length: 4\r\n") && text.ends_with("\r\n\r\n//! "), "{text}");
        for (name, value) in HEADERS {
            assert!(text.contains(&format!("{name}: {value}\r\n")), "{name} in {text}");
        }
    }

    #[test]
    fn another_host_is_refused() {
        for host in [
            "Host: evil.example\r\n",
            "Host: localhost.evil.example\r\n",
            "",
            "Host: localhost\r\nHost: x\r\n",
        ] {
            let text = answer_at_once(format!("GET /main.rs HTTP/1.1\r\n{host}\r\n").as_bytes());
            assert!(text.starts_with("HTTP/1.1 421 "), "{host}: {text}");
        }
        assert!(["localhost", "LOCALHOST:1", "127.0.0.1:8080"].into_iter().all(is_this_machine));
        assert!(!is_this_machine("[::1]:8080") && !is_this_machine("localhost:x"));
    }

    #[test]
    fn a_head_that_is_too_long_or_no_text_is_refused() {
        let long = format!("GET / HTTP/1.1\r\nx: {}", "x".repeat(LONGEST_HEAD));
        assert!(answer_at_once(long.as_bytes()).starts_with("HTTP/1.1 431 "));
        let text = answer_at_once(b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert!(text.starts_with("HTTP/1.1 400 "), "{text}");
    }

    #[test]
    fn the_deadline_is_for_the_whole_head_and_not_for_each_byte() {
        let parts = [b"G".as_slice(); 40];
        let text = answer_to(&parts, Duration::from_millis(10), Duration::from_millis(100));
        assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
    }

    #[test]
    fn a_panic_frees_the_slot_of_its_connection() {
        let before = OPEN.load(Ordering::Relaxed);
        let panicked = std::thread::spawn(|| {
            let _slot = Slot::take();
            panic!("in the middle of an answer");
        });
        assert!(panicked.join().is_err());
        assert_eq!(OPEN.load(Ordering::Relaxed), before);
    }
}
