//! Zip archives of uncompressed files.

mod directory;
mod writer;

pub(crate) use directory::{
    LOCAL_HEADER, TAIL, ZIP64_RECORD, ZipEntry, local_header_size, parse_directory, parse_end,
    parse_zip64_record,
};
pub use writer::{StoredEntry, ZipWriter, encode_directory};
