//! Trains a bundled model: `cargo xtask train-demo [NAME]`.

use std::{error::Error, path::Path};

use train_demo::Demo;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, directory, seed) = match &arguments[..] {
        [name, directory] => (name, directory, None),
        [name, directory, seed] => (name, directory, Some(seed.parse()?)),
        _ => return Err("expected: train-demo NAME DIRECTORY [SEED]".into()),
    };
    let names = Demo::ALL.map(Demo::name).join(" or ");
    let demo = Demo::from_name(name).ok_or(format!("expected {names}, got {name}"))?;
    demo.make(Path::new(directory), seed)
}
