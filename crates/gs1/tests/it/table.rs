//! The generated table against the dictionary it came from.

use crate::vectors;

#[path = "../../examples/ai_table/render.rs"]
mod render;

#[test]
fn the_table_is_that_of_the_dictionary() {
    let Some(dictionary) = vectors::text("gs1/gs1-syntax-dictionary.txt") else {
        return;
    };
    let rendered = render::render(&dictionary).expect("the dictionary follows its own syntax");
    let committed = include_str!("../../src/ai/table.rs");
    assert!(rendered == committed, "the dictionary has moved on: cargo xtask ai-table DICTIONARY");
    println!("gs1-syntax-dictionary: {} given, {} right", gs1::ai::all().len(), gs1::ai::all().len());
}

#[test]
fn the_generator_names_the_line_at_fault() {
    for (text, fault) in [
        ("# x\n01 * Q14", "line 2: unknown component Q14"),
        ("01 N14 foo=1", "line 1: unknown attribute foo"),
        ("01 N", "line 1: no length in N"),
    ] {
        assert_eq!(render::render(text).unwrap_err(), fault);
    }
}
