//! Broken checkpoints and checkpoints of other models: each gives an error that says what is wrong.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};
use pathpatch::{
    checkpoint::{self, Loader, WEIGHTS},
    error::{Code, Error},
    gpt2::{Config, Gpt2},
    ops::Shown,
};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::common::{RANDOM_MODELS, fixtures, model, read};

const MODEL: &str = "prefixed-f32";

fn file() -> Vec<u8> {
    read(fixtures().join(MODEL).join("model.safetensors"))
}

fn load(bytes: &[u8]) -> Result<(), Error> {
    let config = Config::from_json(&read(fixtures().join(MODEL).join("config.json"))).unwrap();
    checkpoint::load(config, bytes, &Device::flex()).map(|_| ())
}

/// The error from loading these bytes; its code is always [`Code::Checkpoint`].
fn refused(bytes: &[u8]) -> String {
    let error = load(bytes).unwrap_err();
    assert_eq!(error.code, Code::Checkpoint);
    error.to_string()
}

type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

/// The file with its tensors changed.
fn changed(change: impl FnOnce(&mut Tensors)) -> Vec<u8> {
    let bytes = file();
    let views = SafeTensors::deserialize(&bytes).unwrap().tensors();
    let own = |(name, view): (String, TensorView)| {
        (
            name,
            (view.dtype(), view.shape().to_vec(), view.data().to_vec()),
        )
    };
    let mut tensors: Tensors = views.into_iter().map(own).collect();
    change(&mut tensors);
    let views = tensors.iter().map(|(name, (dtype, shape, data))| {
        (name, TensorView::new(*dtype, shape.clone(), data).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

/// The file with a changed header and unchanged data.
fn with_header(change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
    let bytes = file();
    let len = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut header = serde_json::from_slice(&bytes[8..8 + len]).unwrap();
    change(&mut header);
    let header = header.to_string();
    let length = (header.len() as u64).to_le_bytes();
    [&length, header.as_bytes(), &bytes[8 + len..]].concat()
}

#[test]
fn the_unchanged_file_loads() {
    load(&file()).unwrap();
    load(&changed(|_| ())).unwrap();
    load(&with_header(|_| ())).unwrap();
}

#[test]
fn a_file_truncated_anywhere_is_refused() {
    let bytes = file();
    for len in [0, 7, 8, 100, bytes.len() / 2, bytes.len() - 1] {
        let error = refused(&bytes[..len]);
        assert!(error.starts_with("model.safetensors: expected "), "{error}");
    }
    assert_eq!(
        refused(&bytes[..bytes.len() - 1]),
        format!(
            "model.safetensors: expected all the bytes that the header announces and no more, \
             got a file of {} bytes (truncated?)",
            bytes.len() - 1
        )
    );
}

#[test]
fn bytes_after_the_end_are_refused() {
    let error = refused(&[file(), vec![0; 4]].concat());
    assert!(error.contains("and no more"), "{error}");
}

#[test]
fn a_wrong_header_length_is_refused() {
    for (lie, expected) in [
        (0, "a JSON header of tensors"),
        (10, "a JSON header of tensors"),
        (1 << 20, "a header that ends within the file"),
        (u64::MAX, "a header of at most 100 MB"),
    ] {
        let mut bytes = file();
        bytes[..8].copy_from_slice(&lie.to_le_bytes());
        let error = refused(&bytes);
        assert!(error.contains(expected), "{lie}: {error}");
    }
}

#[test]
fn another_kind_of_file_is_refused() {
    let page = b"<!DOCTYPE html><html><body>404</body></html>".repeat(10);
    assert!(refused(&page).starts_with("model.safetensors: expected "));
}

#[test]
fn overlapping_tensors_and_gaps_are_refused() {
    for shift in [-4, 4] {
        let error = refused(&with_header(|header| {
            let offsets = &mut header["transformer.wpe.weight"]["data_offsets"];
            for i in 0..2 {
                offsets[i] = (offsets[i].as_i64().unwrap() + shift).into();
            }
        }));
        assert!(error.contains("without gap or overlap"), "{error}");
    }
}

#[test]
fn offsets_that_do_not_fit_the_shape_are_refused() {
    let error = refused(&with_header(|header| {
        header["transformer.ln_f.bias"]["shape"] = serde_json::json!([17]);
    }));
    assert!(error.contains("as many bytes for"), "{error}");
}

#[test]
fn a_missing_tensor_is_named() {
    let error = refused(&changed(|t| {
        t.remove("transformer.h.1.ln_2.bias").unwrap();
    }));
    assert_eq!(
        error,
        "tensor h.1.ln_2.bias: expected shape [16], got a file with 27 tensors, not this one"
    );
}

#[test]
fn an_extra_weight_in_a_block_is_refused() {
    let error = refused(&changed(|t| {
        for name in ["q_norm.weight", "k_norm.weight"] {
            let extra = t["transformer.h.1.ln_2.bias"].clone();
            t.insert(format!("transformer.h.1.attn.{name}"), extra);
        }
    }));
    assert_eq!(
        error,
        "tensor h.1.attn.k_norm.weight: expected only the weights of a GPT-2 in its blocks, \
         got an extra weight (and 1 more): a model with it computes something else"
    );
}

#[test]
fn one_tensor_with_and_without_its_prefix_is_refused() {
    let error = refused(&changed(|t| {
        let again = t["transformer.ln_f.bias"].clone();
        t.insert("ln_f.bias".into(), again);
    }));
    assert!(
        error.starts_with("tensor ln_f.bias: expected one"),
        "{error}"
    );
}

#[test]
fn a_tensor_of_a_wrong_shape_is_named() {
    let error = refused(&changed(|t| {
        let (_, shape, _) = t.get_mut("transformer.h.0.mlp.c_fc.weight").unwrap();
        shape.reverse();
    }));
    assert_eq!(
        error,
        "tensor h.0.mlp.c_fc.weight: expected shape [16, 40], got [40, 16]"
    );
}

#[test]
fn a_tensor_of_integers_is_refused() {
    let error = refused(&changed(|t| {
        t.get_mut("transformer.ln_f.weight").unwrap().0 = Dtype::I32;
    }));
    assert_eq!(
        error,
        "tensor ln_f.weight: expected F64, F32, F16 or BF16, got I32"
    );
}

#[test]
fn weights_that_are_not_finite_are_refused() {
    for (value, name) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf")] {
        let error = refused(&changed(|t| {
            let data = &mut t.get_mut("transformer.wte.weight").unwrap().2;
            data[12..16].copy_from_slice(&value.to_le_bytes());
        }));
        assert_eq!(
            error,
            format!("tensor wte.weight: expected finite numbers, got {name} at element 3")
        );
    }
}

fn config_of(name: &str) -> Config {
    Config::from_json(&read(fixtures().join(name).join("config.json"))).unwrap()
}

/// All numbers of a model.
fn numbers(model: &Gpt2) -> Vec<f32> {
    let flat = |x: &Tensor<2>| x.to_data().try_into_vec::<f32>().unwrap();
    let line = |x: &Tensor<1>| x.to_data().try_into_vec::<f32>().unwrap();
    let all: Vec<u32> = (0..model.config.d_vocab as u32).collect();
    let mut numbers = [
        flat(&model.embed.rows(&all, Shown::Plain)),
        flat(&model.w_pos),
        flat(&model.unembed.table.rows(&all, Shown::Plain)),
        flat(&model.unembed.ln_w),
        flat(&model.unembed.ln_b),
        flat(&model.unembed.mean),
    ]
    .concat();
    for block in model.layers.blocks() {
        let maps = [&block.w_qkv, &block.w_o, &block.w_in, &block.w_out];
        let biases = [&block.b_qkv, &block.b_o, &block.b_in, &block.b_out];
        numbers.extend(maps.into_iter().flat_map(flat));
        numbers.extend(biases.into_iter().flat_map(line));
    }
    numbers
}

#[test]
fn bytes_may_come_in_pieces_of_any_size() {
    for name in RANDOM_MODELS {
        let dir = fixtures().join(name);
        let whole = numbers(&model(dir.clone()));
        let bytes = read(dir.join(WEIGHTS));
        for size in [1, 7, 1000, bytes.len() - 1] {
            let mut loader = Loader::new(config_of(name), &Device::flex());
            let mut file = loader.file(WEIGHTS);
            for piece in bytes.chunks(size) {
                file.push(piece).unwrap();
            }
            file.end().unwrap();
            assert!(
                whole == numbers(&loader.finish().unwrap()),
                "{name} by {size}"
            );
        }
    }
}

/// The tensors of the file, alternately in one of two files.
fn two_files() -> [Vec<u8>; 2] {
    [0, 1].map(|remainder| {
        changed(|tensors| {
            let mut place = 0..;
            tensors.retain(|_, _| place.next().is_some_and(|i| i % 2 == remainder));
        })
    })
}

#[test]
fn a_checkpoint_may_be_in_several_files() {
    let whole = numbers(&model(fixtures().join(MODEL)));
    let [a, b] = two_files();
    for order in [[&a, &b], [&b, &a]] {
        let mut loader = Loader::new(config_of(MODEL), &Device::flex());
        for (i, bytes) in order.into_iter().enumerate() {
            let mut file = loader.file(&format!("model-{i}.safetensors"));
            file.push(bytes).unwrap();
            file.end().unwrap();
        }
        assert!(whole == numbers(&loader.finish().unwrap()));
    }
}

#[test]
fn one_of_several_files_missing_or_loaded_twice_is_an_error() {
    let [a, _] = two_files();
    let mut loader = Loader::new(config_of(MODEL), &Device::flex());
    loader.file("a.safetensors").push(&a).unwrap();
    let twice = loader.file("b.safetensors").push(&a).unwrap_err();
    assert!(
        twice
            .to_string()
            .ends_with("expected one tensor of that name, got two, in different files"),
        "{twice}"
    );
    let missing = loader.finish().map(|_| ()).unwrap_err();
    assert!(
        missing
            .to_string()
            .ends_with("expected its bytes in one of the checkpoint's files, got none"),
        "{missing}"
    );
}

#[test]
fn an_index_names_the_files() {
    let config = config_of(MODEL);
    let bytes = file();
    let names = SafeTensors::deserialize(&bytes).unwrap();
    let map = |file: fn(usize) -> String| -> serde_json::Value {
        let names = names.names().into_iter().enumerate();
        let map: BTreeMap<&str, String> = names.map(|(i, name)| (name, file(i))).collect();
        serde_json::json!({ "metadata": { "total_size": 1 }, "weight_map": map })
    };
    let files = |index: &serde_json::Value| {
        Loader::new(config.clone(), &Device::flex()).files(index.to_string().as_bytes())
    };
    let good = map(|i| format!("model-{}.safetensors", i % 2));
    assert_eq!(
        files(&good).unwrap(),
        ["model-0.safetensors", "model-1.safetensors"]
    );

    let mut lacking = good.clone();
    let weights = lacking["weight_map"].as_object_mut().unwrap();
    weights.remove("transformer.h.1.ln_2.bias").unwrap();
    assert_eq!(
        files(&lacking).unwrap_err().to_string(),
        "tensor h.1.ln_2.bias: expected shape [16], got an index with 27 tensors, not this one"
    );
    let elsewhere = files(&map(|_| "../secret.safetensors".into())).unwrap_err();
    assert!(
        elsewhere
            .to_string()
            .contains("names of .safetensors files beside it"),
        "{elsewhere}"
    );
    let not_json = Loader::new(config.clone(), &Device::flex())
        .files(b"<html>")
        .unwrap_err();
    assert!(not_json.to_string().contains("a weight_map"), "{not_json}");
}
