//! What the bundled model must show, measured on prompts that training never saw.

use train_demo::measure;

use crate::common::{demo, model};

#[test]
fn the_bundled_model_shows_a_textbook_induction_circuit() {
    let measured = measure::measure(&model(demo())).unwrap();
    assert!(measured.ioi_accuracy >= 0.95, "{}", measured.ioi_accuracy);
    assert!(
        measured.pairs_accuracy >= 0.95,
        "{}",
        measured.pairs_accuracy
    );
    let [q, k, v] = &measured.edges;
    let strongest = &k[0];
    assert!(strongest.effect >= 0.2, "{}", strongest.effect);
    assert!(measured.to_previous[strongest.src] > 0.5);
    assert!(measured.to_successor[strongest.dst] > 0.5);
    // The circuit runs through keys.
    assert!(q[0].effect.abs() < strongest.effect);
    assert!(v[0].effect.abs() < strongest.effect);
}

#[test]
fn the_files_are_small() {
    let files = std::fs::read_dir(demo()).unwrap();
    let bytes: u64 = files.map(|f| f.unwrap().metadata().unwrap().len()).sum();
    assert!(bytes <= 4 << 20, "{bytes} bytes");
}
