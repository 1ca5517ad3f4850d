//! Bytes in the browser: ranges of an address by `fetch`, and slices of a `Blob`.

use std::cell::RefCell;

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, Request, RequestInit, Response};

use super::error::SourceError;

/// Least that is asked for at once: small tensors lie side by side, and one request serves many of them.
const BLOCK: u64 = 1 << 20;
/// Largest content that is kept in memory when a server gives no ranges.
pub(super) const MOST_IN_MEMORY: u64 = 1 << 30;

/// An address whose server gives byte ranges.
#[derive(Debug)]
pub struct Http {
    url: String,
    len: u64,
    /// The last block and its position.
    block: RefCell<(u64, Vec<u8>)>,
}

/// What an address turned out to be.
pub(super) enum Opened {
    /// Its server gives byte ranges.
    Ranges(Http),
    /// Its server gives only the whole content, which is this.
    Whole(Vec<u8>),
}

/// Asks for the first block, which shows whether the server gives ranges. Where it gives none, at most `most` bytes are read.
pub(super) async fn open(url: &str, most: u64) -> Result<Opened, SourceError> {
    let response = fetch(url, "GET", Some((0, BLOCK))).await?;
    match response.status() {
        206 => {
            let len = match total(&response) {
                Some(len) => len,
                None => content_length(url).await?,
            };
            let block = RefCell::new((0, body(url, &response, BLOCK.min(len)).await?));
            Ok(Opened::Ranges(Http { url: url.to_owned(), len, block }))
        }
        200 => {
            let bytes = body(url, &response, most).await?;
            log::info!(
                "{url}: the server gives no byte ranges, so the whole file ({:.1} MB) is kept in memory",
                bytes.len() as f64 / 1e6
            );
            Ok(Opened::Whole(bytes))
        }
        status => Err(unreadable(url, format!("the server answers with status {status}"))),
    }
}

/// Reads a slice of a `Blob`.
pub(super) async fn read_blob(
    name: &str,
    blob: &web_sys::Blob,
    offset: u64,
    end: u64,
) -> Result<Vec<u8>, SourceError> {
    let failed = |error: JsValue| unreadable(name, message(&error));
    let slice = blob.slice_with_f64_and_f64(offset as f64, end as f64).map_err(failed)?;
    let buffer = JsFuture::from(slice.array_buffer()).await.map_err(failed)?;
    let bytes = js_sys::Uint8Array::new(&buffer).to_vec();
    if bytes.len() as u64 == end - offset {
        Ok(bytes)
    } else {
        Err(unreadable(name, "has changed since it was opened".to_owned()))
    }
}

impl Http {
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Reads a range that lies inside.
    pub(super) async fn read_at(&self, offset: u64, len: usize) -> Result<Vec<u8>, SourceError> {
        let end = offset + len as u64;
        if let Some(bytes) = self.within_block(offset, len) {
            return Ok(bytes);
        }
        let block_end = end.max(self.len.min(offset + BLOCK));
        let response = fetch(&self.url, "GET", Some((offset, block_end))).await?;
        if response.status() != 206 {
            let reason =
                format!("the server answers a request for a range with status {}", response.status());
            return Err(unreadable(&self.url, reason));
        }
        if total(&response).is_some_and(|total| total != self.len) {
            return Err(unreadable(&self.url, "has changed since it was opened".to_owned()));
        }
        let mut bytes = body(&self.url, &response, block_end - offset).await?;
        if bytes.len() as u64 != block_end - offset {
            let reason = format!("the server gave {} of {} bytes", bytes.len(), block_end - offset);
            return Err(unreadable(&self.url, reason));
        }
        if bytes.len() > len {
            let wanted = bytes[..len].to_vec();
            self.block.replace((offset, bytes));
            bytes = wanted;
        }
        Ok(bytes)
    }

    fn within_block(&self, offset: u64, len: usize) -> Option<Vec<u8>> {
        let block = self.block.borrow();
        let from = usize::try_from(offset.checked_sub(block.0)?).ok()?;
        Some(block.1.get(from..from.checked_add(len)?)?.to_vec())
    }
}

async fn fetch(url: &str, method: &str, range: Option<(u64, u64)>) -> Result<Response, SourceError> {
    let failed = |error: JsValue| unreadable(url, message(&error));
    let init = RequestInit::new();
    init.set_method(method);
    let request = Request::new_with_str_and_init(url, &init).map_err(failed)?;
    if let Some((from, end)) = range {
        request.headers().set("Range", &format!("bytes={from}-{}", end - 1)).map_err(failed)?;
    }
    let global = js_sys::global();
    let promise = if let Some(window) = global.dyn_ref::<web_sys::Window>() {
        window.fetch_with_request(&request)
    } else {
        global.unchecked_ref::<web_sys::WorkerGlobalScope>().fetch_with_request(&request)
    };
    JsFuture::from(promise).await.map_err(failed)?.dyn_into().map_err(failed)
}

/// Size of the whole content, from `Content-Range: bytes 0-99/1234`. Servers of other origins may hide it.
fn total(response: &Response) -> Option<u64> {
    let range = response.headers().get("Content-Range").ok()??;
    range.rsplit('/').next()?.trim().parse().ok()
}

async fn content_length(url: &str) -> Result<u64, SourceError> {
    let response = fetch(url, "HEAD", None).await?;
    let length =
        response.headers().get("Content-Length").ok().flatten().and_then(|length| length.parse().ok());
    length.ok_or_else(|| unreadable(url, "the server does not say how long the file is".to_owned()))
}

/// Reads a body piece by piece, so that an endless one ends with an error.
async fn body(url: &str, response: &Response, most: u64) -> Result<Vec<u8>, SourceError> {
    let failed = |error: JsValue| unreadable(url, message(&error));
    let Some(stream) = response.body() else { return Ok(Vec::new()) };
    let reader: ReadableStreamDefaultReader = stream
        .get_reader()
        .dyn_into()
        .map_err(|_| unreadable(url, "the browser gives no reader for the answer".to_owned()))?;
    let mut bytes = Vec::new();
    loop {
        let part = JsFuture::from(reader.read()).await.map_err(failed)?;
        let done = js_sys::Reflect::get(&part, &"done".into()).map_err(failed)?;
        if done.is_truthy() {
            return Ok(bytes);
        }
        let value = js_sys::Reflect::get(&part, &"value".into()).map_err(failed)?;
        let piece: js_sys::Uint8Array = value.dyn_into().map_err(failed)?;
        let len = bytes.len() as u64 + u64::from(piece.length());
        if len > most {
            // The rest is not wanted; whether the browser confirms that does not matter.
            drop(reader.cancel());
            let reason = format!("the server sends more than {:.1} MB", most as f64 / 1e6);
            return Err(unreadable(url, reason));
        }
        bytes.extend_from_slice(&piece.to_vec());
    }
}

fn unreadable(name: &str, reason: String) -> SourceError {
    SourceError::Unreadable { name: name.to_owned(), reason }
}

fn message(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => format!("{error:?}"),
    }
}
