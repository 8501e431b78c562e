use ironward_wire::{Chat, Embeddings, EmbeddingsInput, Message, Part, PartBody, Role};

use super::{reply, vectors};

fn message(role: Role, parts: Vec<Part>) -> Message {
    Message {
        role,
        parts,
        name: None,
    }
}

#[test]
fn it_says_what_the_person_said_last() {
    let result = Part::new(PartBody::ToolResult {
        call_id: "1".to_owned(),
        content: vec![Part::text("sunny")],
        is_error: false,
    });
    let chat = Chat {
        messages: vec![
            message(Role::System, vec![Part::text("be brief")]),
            message(
                Role::User,
                vec![Part::text("how is"), Part::text("the weather")],
            ),
            message(Role::Assistant, vec![Part::text("let me see")]),
            message(Role::User, vec![result]),
        ],
        ..Chat::default()
    };
    let reply = reply(&chat);
    assert_eq!(reply.choices[0].parts, [Part::text("how is\nthe weather")]);
    let usage = reply.usage.unwrap();
    assert_eq!((usage.input, usage.output), (9, 4));
}

#[test]
fn vectors_depend_on_the_text_only_and_have_length_one() {
    let embed = |texts: &[&str], dimensions| {
        let input = texts
            .iter()
            .map(|text| EmbeddingsInput::Text((*text).to_owned()));
        vectors(&Embeddings {
            input: input.collect(),
            dimensions,
            ..Embeddings::default()
        })
    };
    let reply = embed(&["a b", "", "a b"], Some(5));
    assert_eq!(reply.vectors[0], reply.vectors[2]);
    assert_ne!(reply.vectors[0], reply.vectors[1]);
    for vector in &reply.vectors {
        assert_eq!(vector.len(), 5);
        let length: f32 = vector.iter().map(|it| it * it).sum();
        assert!((length - 1.0).abs() < 1e-5, "{length}");
    }
    assert_eq!(reply.usage.unwrap().input, 4);
    assert_eq!(embed(&["x"], Some(u64::MAX)).vectors[0].len(), 4096);
    assert_eq!(embed(&["x"], None).vectors[0].len(), 8);
}
