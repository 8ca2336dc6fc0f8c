#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    pathpatch_fuzz::tokenizer(data);
});

#[cfg(not(fuzzing))]
fn main() {
    pathpatch_fuzz::replay(pathpatch_fuzz::tokenizer);
}
