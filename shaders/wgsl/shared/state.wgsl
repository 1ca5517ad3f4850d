// The position that all sequences are at; `advance` moves it. A kernel takes neighboring rows of a sequence for
// neighboring positions, beginning with this one.
struct State {
    position: u32,
}
