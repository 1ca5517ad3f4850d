//! Zip archives as PyTorch writes them: uncompressed, contents aligned, zip64 records at the end.

/// An archive of these files. With `zip64`, sizes and positions stand in zip64 fields, as in files beyond 4 GB.
#[must_use]
pub fn zip(files: &[(String, Vec<u8>)], zip64: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in files {
        let header = bytes.len() as u64;
        let size = content.len() as u64;
        let name_len = (name.len() as u16).to_le_bytes();
        bytes.extend(b"PK\x03\x04");
        bytes.extend([0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend((size as u32).to_le_bytes());
        bytes.extend((size as u32).to_le_bytes());
        bytes.extend(name_len);
        // An extra field fills up to the alignment, as PyTorch's `FB` field does.
        let padding = (64 - (bytes.len() + 2 + name.len() + 4) % 64) % 64;
        bytes.extend((padding as u16 + 4).to_le_bytes());
        bytes.extend(name.bytes());
        bytes.extend(b"FB");
        bytes.extend((padding as u16).to_le_bytes());
        bytes.extend(vec![b'Z'; padding]);
        bytes.extend(content);

        directory.extend(b"PK\x01\x02");
        directory.extend([0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let extra = if zip64 {
            directory.extend([0xff; 8]);
            let fields = [size, size, header].map(u64::to_le_bytes).concat();
            [&[1, 0, 24, 0], &fields[..]].concat()
        } else {
            directory.extend((size as u32).to_le_bytes());
            directory.extend((size as u32).to_le_bytes());
            Vec::new()
        };
        directory.extend(name_len);
        directory.extend((extra.len() as u16).to_le_bytes());
        directory.extend([0; 10]);
        directory.extend(if zip64 { [0xff; 4] } else { (header as u32).to_le_bytes() });
        directory.extend(name.bytes());
        directory.extend(extra);
    }
    let start = bytes.len() as u64;
    let (count, size) = (files.len() as u64, directory.len() as u64);
    bytes.extend(directory);
    if zip64 {
        let record = bytes.len() as u64;
        bytes.extend(b"PK\x06\x06");
        bytes.extend(44u64.to_le_bytes());
        bytes.extend([0x1e, 3, 0x2d, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend([count, count, size, start].map(u64::to_le_bytes).concat());
        bytes.extend(b"PK\x06\x07");
        bytes.extend([0; 4]);
        bytes.extend(record.to_le_bytes());
        bytes.extend(1u32.to_le_bytes());
    }
    bytes.extend(b"PK\x05\x06");
    bytes.extend([0; 4]);
    bytes.extend((count as u16).to_le_bytes());
    bytes.extend((count as u16).to_le_bytes());
    let (size, start) = if zip64 { (u32::MAX, u32::MAX) } else { (size as u32, start as u32) };
    bytes.extend(size.to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}
