//! What files are by their names.

use std::path::{Path, PathBuf};

/// Whether a file is named like a tar shard.
pub(super) fn is_shard(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tar"))
}

/// The name of a member of a shard in messages.
pub(super) fn member_path(shard: &Path, member: &str) -> PathBuf {
    // `join` would drop the shard's name before an absolute one.
    shard.join(member.trim_start_matches('/'))
}
