use ironward_wire::Dialect;

use super::{Route, find};

#[test]
fn the_paths_of_the_clients_are_found() {
    for path in ["/v1/chat/completions", "/chat/completions"] {
        assert_eq!(find(path), Some(Route::Call(Dialect::OpenAiChat, None)));
    }
    for (path, model) in [
        ("/openai/deployments/gpt-4o/chat/completions", "gpt-4o"),
        (
            "/openai/deployments/openai%2Fgpt-4o/chat/completions",
            "openai/gpt-4o",
        ),
        ("/engines/a/b/chat/completions", "a/b"),
    ] {
        assert_eq!(
            find(path),
            Some(Route::Call(Dialect::OpenAiChat, Some(model.into()))),
            "{path}"
        );
    }
    assert_eq!(
        find("/v1/models/openai/gpt-4o"),
        Some(Route::Model("openai/gpt-4o".into()))
    );
    assert_eq!(
        find("/v1/messages"),
        Some(Route::Call(Dialect::AnthropicMessages, None))
    );
}

#[test]
fn no_other_spelling_is_the_same_route() {
    for path in [
        "",
        "//",
        "/v1/chat/completions/",
        "/v1//chat/completions",
        "//v1/chat/completions",
        "/V1/chat/completions",
        "/v1/chat/Completions",
        "/v1/../v1/chat/completions",
        "/v1/%63hat/completions",
        "/v1/chat/completions;x",
        "/v1/chat/completions%00",
        "/v1/chat%2fcompletions",
        "/key/generate",
        "/v1/../key/generate",
        "/docs",
        "/openapi.json",
        "/metrics",
        "/model/info",
        "/.env",
        "/v1/v1/chat/completions",
    ] {
        assert_eq!(find(path), None, "{path}");
    }
}

#[test]
fn a_model_in_a_path_cannot_climb() {
    for name in [
        "..",
        "%2e%2e",
        "a/..",
        "a%2f..%2fb",
        "%00",
        "a%0d%0a",
        "",
        "a//b",
        "a%5c..",
        "%ff",
        "a%253f",
        "a%3fb",
        "a%23b",
    ] {
        assert_eq!(
            find(&format!("/openai/deployments/{name}/chat/completions")),
            None,
            "{name}"
        );
        assert_eq!(find(&format!("/v1/models/{name}")), None, "{name}");
    }
}
