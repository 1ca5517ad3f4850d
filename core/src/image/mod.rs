//! Pictures: files to pixels and back, fitting to the factor, metrics.
