use crate::find;
use crate::testing::Case;

#[test]
fn the_version_decides_the_path() {
    let case = || Case::new("azure_ai", "DeepSeek-R1");
    let path = |case: Case| case.request(r#"{"model":"g","messages":[]}"#).unwrap().path;
    assert_eq!(
        path(case()),
        "/models/chat/completions?api-version=2024-05-01-preview"
    );
    assert_eq!(
        path(case().version("2025-04-01&a")),
        "/models/chat/completions?api-version=2025-04-01%26a"
    );
    assert_eq!(path(case().version("v1")), "/openai/v1/chat/completions");
    let provider = find("azure_ai").unwrap().provider;
    for written in ["", "/models", "/models/chat/completions", "/openai/v1/"] {
        assert_eq!(provider.base_path(written), "", "{written}");
    }
}
