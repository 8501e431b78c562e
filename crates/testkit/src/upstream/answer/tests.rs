use serde_json::json;

use super::{Answer, Finish};
use crate::upstream::ask::{Ask, Choice, Tool};
use crate::upstream::behaviour::Behaviour;

fn tool(name: &str) -> Tool {
    Tool {
        name: name.to_owned(),
        schema: json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}),
    }
}

fn ask(text: &str) -> Ask {
    Ask {
        text: text.to_owned(),
        tools: vec![tool("get_time"), tool("get_weather")],
        ..Ask::default()
    }
}

fn called(ask: &Ask) -> Vec<String> {
    let answer = Answer::to(ask, Behaviour::Answer);
    answer.calls.into_iter().map(|call| call.name).collect()
}

#[test]
fn a_tool_is_called_when_the_prompt_or_the_choice_says_so() {
    assert!(called(&ask("hello")).is_empty());
    assert_eq!(called(&ask("Call the weather tool.")), ["get_weather"]);
    assert_eq!(called(&ask("call both tools")), ["get_time", "get_weather"]);
    let one = Ask {
        one_call: true,
        ..ask("call both tools")
    };
    assert_eq!(called(&one), ["get_time"]);
    let named = Ask {
        choice: Choice::Named("get_time".to_owned()),
        ..ask("hello")
    };
    assert_eq!(called(&named), ["get_time"]);
    let none = Ask {
        choice: Choice::None,
        ..ask("call both tools")
    };
    assert!(called(&none).is_empty());
    let next = Ask {
        choice: Choice::Required,
        called: vec!["get_weather".to_owned()],
        ..ask("call the weather tool")
    };
    assert_eq!(called(&next), ["get_time"]);
}

#[test]
fn a_tool_result_is_quoted() {
    let ask = Ask {
        tool_result: Some("12 degrees".to_owned()),
        ..ask("call the weather tool")
    };
    assert_eq!(
        Answer::to(&ask, Behaviour::Answer).text,
        "The tool said: 12 degrees"
    );
}

#[test]
fn limits_and_stops_end_the_text() {
    let short = Ask {
        max_tokens: Some(2),
        ..ask("one two three")
    };
    let answer = Answer::to(&short, Behaviour::Answer);
    assert_eq!(
        (answer.text.as_str(), answer.finish),
        ("You said:", Finish::Length)
    );
    let stop = Ask {
        stop: vec!["two".to_owned()],
        ..ask("one two three")
    };
    let answer = Answer::to(&stop, Behaviour::Answer);
    assert_eq!(answer.text, "You said: one ");
    assert_eq!(answer.stopped_at.as_deref(), Some("two"));
}
