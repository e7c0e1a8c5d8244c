#![no_main]

// The reader catches panics of its 7z decoder; libFuzzer's hook would abort before it can.
libfuzzer_sys::fuzz_target!(
    init: drop(std::panic::take_hook()),
    |bytes: &[u8]| readers::weigh_bytes(bytes)
);
