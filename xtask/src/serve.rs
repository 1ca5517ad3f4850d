//! A small static server for `web/dist`: this machine only, GET and HEAD, byte ranges, nothing outside the folder.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Component, Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use crate::shell::{self, Failure, Outcome};

/// Longest request head that is read, in bytes.
const LONGEST_HEAD: u64 = 16 * 1024;
/// Connections served at one time; more wait in the listener's queue.
const MOST_CONNECTIONS: usize = 64;

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
    static OPEN: AtomicUsize = AtomicUsize::new(0);
    for stream in listener.incoming().flatten() {
        while OPEN.load(Ordering::Relaxed) >= MOST_CONNECTIONS {
            std::thread::sleep(Duration::from_millis(5));
        }
        OPEN.fetch_add(1, Ordering::Relaxed);
        let folder = folder.clone();
        std::thread::spawn(move || {
            // A browser that goes away in the middle of an answer is no error of ours.
            let _ = answer(&stream, &folder);
            OPEN.fetch_sub(1, Ordering::Relaxed);
        });
    }
    Ok(())
}

fn answer(stream: &TcpStream, folder: &Path) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.set_write_timeout(Some(Duration::from_secs(30)))?;
    let mut lines = BufReader::new(stream.take(LONGEST_HEAD)).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    let mut range = None;
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("range")
        {
            range = Some(value.trim().to_owned());
        }
    }
    let mut words = request.split_whitespace();
    let (method, address) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if method != "GET" && method != "HEAD" {
        return head(stream, "405 Method Not Allowed", &[("Allow", "GET, HEAD"), ("Content-Length", "0")]);
    }
    let Some(path) = file_of(folder, address) else {
        return head(stream, "404 Not Found", &[("Content-Length", "0")]);
    };
    send(stream, &path, range.as_deref(), method == "GET")
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
    let always =
        [("Connection", "close"), ("Cache-Control", "no-cache"), ("X-Content-Type-Options", "nosniff")];
    for (name, value) in headers.iter().chain(&always) {
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
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
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
    match (from.trim().parse::<u64>(), to.trim().parse::<u64>()) {
        (Ok(from), Ok(to)) if from <= to && from < length => Part::Bytes { from, to: to.min(last) },
        (Ok(from), Err(_)) if to.trim().is_empty() && from < length => Part::Bytes { from, to: last },
        (Err(_), Ok(count)) if from.trim().is_empty() && count > 0 && length > 0 => {
            Part::Bytes { from: length.saturating_sub(count), to: last }
        }
        (Ok(from), _) if from >= length => Part::Outside,
        _ => Part::Whole,
    }
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
        for ignored in ["bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=-0", "bytes=0-1,4-5"] {
            assert_eq!(part_of(ignored, 10), Part::Whole, "{ignored}");
        }
    }

    #[test]
    fn a_request_is_answered_over_the_wire() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || answer(&listener.accept().unwrap().0, &folder()).unwrap());
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(b"GET /main.rs HTTP/1.1\r\nHost: x\r\nrange: bytes=0-3\r\n\r\n").unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        server.join().unwrap();
        assert!(text.starts_with("HTTP/1.1 206 Partial Content\r\n"), "{text}");
        assert!(text.contains("Content-Length: 4\r\n") && text.ends_with("\r\n\r\n//! "), "{text}");
    }
}
