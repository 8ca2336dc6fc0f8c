//! Fused multiply-adds in browsers that know them: a module of one function, beside ours.
//!
//! A module that names an instruction which the browser does not know is refused as a whole, so the one
//! function that wants relaxed SIMD's `madd` is a module by itself, of half a kilobyte. It works on our
//! memory, and stands in our function table, where a Rust function pointer is an index: calls go from wasm
//! to wasm.

use std::sync::OnceLock;

use pathpatch::ops::Tile;
use wasm_bindgen::prelude::*;
use web_sys::js_sys::{Function, Object, Reflect, Uint8Array, WebAssembly};

const MODULE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/fused_tile.wasm"));

static TILE: OnceLock<Tile> = OnceLock::new();

/// The tile of relaxed SIMD, if the browser knows that and [`link`] has been called.
pub fn tile() -> Option<Tile> {
    TILE.get().copied()
}

/// Put the tile into our function table, if the browser knows relaxed SIMD; once.
pub fn link() -> Result<(), JsValue> {
    let module = Uint8Array::from(MODULE);
    if !WebAssembly::validate(&module)? {
        return Ok(());
    }
    let engine = Object::new();
    Reflect::set(&engine, &"memory".into(), &wasm_bindgen::memory())?;
    let imports = Object::new();
    Reflect::set(&imports, &"engine".into(), &engine)?;
    let module = WebAssembly::Module::new(&module)?;
    let instance = WebAssembly::Instance::new(&module, &imports)?;
    let tile: Function = Reflect::get(&instance.exports(), &"tile".into())?.dyn_into()?;
    let table: WebAssembly::Table = wasm_bindgen::function_table().dyn_into()?;
    let index = table.grow(1)?;
    table.set(index, &tile)?;
    // SAFETY: in wasm a function pointer is its index in the table, and `tile` of `fused_tile.wat` has this
    // signature and asks for what `Tile` promises.
    let tile = unsafe { std::mem::transmute::<usize, Tile>(index as usize) };
    TILE.get_or_init(|| tile);
    Ok(())
}
