//! The GPU: device, capabilities, buffers, pipelines, recording.
