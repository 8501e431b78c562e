use ironward_core::Usage;

use super::read;

fn usage(json: &str) -> Option<Usage> {
    read(serde_json::from_str(json).unwrap())
}

#[test]
fn odd_fields_do_not_cost_the_rest() {
    let counted = usage(
        r#"{"prompt_tokens":10,"completion_tokens":5.0,"total_tokens":"x","prompt_tokens_details":[],"completion_tokens_details":{"reasoning_tokens":-1,"audio_tokens":null}}"#,
    );
    let expected = Usage {
        input: 10,
        output: 5,
        ..Usage::default()
    };
    assert_eq!(counted, Some(expected));
    assert_eq!(usage("{}"), None);
    assert_eq!(usage("[]"), None);
    assert_eq!(
        usage(r#"{"input_tokens":10,"output_tokens":5}"#),
        Some(expected)
    );
    assert_eq!(
        usage(r#"{"prompt_tokens":10,"total_tokens":15}"#),
        Some(expected)
    );
}

#[test]
fn reasoning_beside_the_output_is_added_once() {
    let beside = usage(r#"{"prompt_tokens":1,"completion_tokens":2,"total_tokens":10,"completion_tokens_details":{"reasoning_tokens":7}}"#).unwrap();
    let within = usage(r#"{"prompt_tokens":1,"completion_tokens":9,"total_tokens":10,"completion_tokens_details":{"reasoning_tokens":7}}"#).unwrap();
    assert_eq!(beside, within);
    assert_eq!(beside.total(), 10);
}

#[test]
fn cached_input_is_found_under_every_name() {
    for field in [
        r#""prompt_tokens_details":{"cached_tokens":4}"#,
        r#""prompt_cache_hit_tokens":4"#,
        r#""cached_tokens":4"#,
        r#""num_cached_tokens":4"#,
        r#""cache_read_input_tokens":4"#,
    ] {
        let counted = usage(&format!(r#"{{"prompt_tokens":9,{field}}}"#)).unwrap();
        assert_eq!((counted.input, counted.input_cached), (9, 4), "{field}");
    }
    let written = usage(r#"{"prompt_tokens":9,"prompt_tokens_details":{"cache_write_tokens":4}}"#);
    assert_eq!(written.unwrap().input_cache_write, 4);
}
