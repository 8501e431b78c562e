use bytes::Bytes;
use ironward_wire::{Body, Call, Dialect};

use super::{of_text, tokens};

/// Texts, and how many tokens OpenAI's `o200k_base` makes of them (counted with the crate
/// `bpe-openai` 0.3.2).
const COUNTED: &[(&str, u64)] = &[
    (
        "The gateway holds every provider key and sees every conversation, so it is a vault worth attacking. Nothing of a prompt or a reply is stored, and whoever wants to know what happened reads the journal.",
        40,
    ),
    (
        "pub(crate) fn tokens(chat: &Chat) -> u64 {\n    let messages = chat.messages.iter().map(|message| {\n        let name = message.name.as_deref().map_or(0, of_text);\n        MESSAGE + name + of_parts(&message.parts)\n    });\n    messages.sum::<u64>()\n}\n",
        66,
    ),
    (
        "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\",\"description\":\"The city, such as Oslo\"},\"days\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":14}},\"required\":[\"city\"]}",
        43,
    ),
    (
        "In 2024 it was 1,234,567.89 EUR; in 2025 about 17.5 % more, on 31/12/2025 at 23:59:59.",
        44,
    ),
    (
        "Der Schlüssel bleibt im Tresor, und für jede Anfrage gelten die Grenzen, über die der Verwalter entschieden hat. Größere Änderungen müssen ausdrücklich bestätigt werden.",
        33,
    ),
    (
        "Każde zapytanie przechodzi przez bramę, która sprawdza uprawnienia, a następnie wybiera najtańszego dostawcę. Klucze są zawsze zaszyfrowane.",
        47,
    ),
    (
        "Шлюз хранит ключи всех поставщиков и видит каждый разговор, поэтому он устроен как сейф.",
        24,
    ),
    (
        "このゲートウェイは、すべてのプロバイダーの鍵を安全に保管し、会話の内容を記録しません。",
        34,
    ),
    ("网关保存所有供应商的密钥，但从不记录任何对话内容。", 18),
    (
        "게이트웨이는 모든 공급자의 키를 안전하게 보관하며 대화 내용을 저장하지 않습니다.",
        21,
    ),
    ("تحتفظ البوابة بمفاتيح جميع المزودين ولا تخزن أي محادثة.", 22),
    ("Well done 🎉🎉 see you 👋🏽 tomorrow ☀️!", 17),
];

#[test]
fn a_text_has_about_as_many_tokens_as_an_encoder_makes() {
    for (text, counted) in COUNTED {
        let estimated = of_text(text);
        assert!(
            estimated * 10 >= counted * 7 && estimated * 10 <= counted * 18,
            "{estimated} for {counted}: {text}"
        );
    }
    let counted: u64 = COUNTED.iter().map(|(_, counted)| counted).sum();
    let estimated: u64 = COUNTED.iter().map(|(text, _)| of_text(text)).sum();
    assert!(
        estimated * 100 >= counted * 95 && estimated * 100 <= counted * 115,
        "{estimated} for {counted}"
    );
}

#[test]
fn everything_that_a_model_reads_counts() {
    let count = |body: &str| {
        let body = Body::read(Bytes::copy_from_slice(body.as_bytes())).unwrap();
        let call = Call::read(Dialect::AnthropicCountTokens, body, None).unwrap();
        tokens(call.chat().unwrap())
    };
    let plain = count(r#"{"model":"g","messages":[{"role":"user","content":"hi"}]}"#);
    for more in [
        r#"{"model":"g","system":"be brief","messages":[{"role":"user","content":"hi"}]}"#,
        r#"{"model":"g","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}]}"#,
        r#"{"model":"g","messages":[{"role":"user","content":"hi"}],"tools":[{"name":"t","input_schema":{"type":"object"}}]}"#,
        r#"{"model":"g","messages":[{"role":"user","content":[{"type":"text","text":"hi"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aaaa"}}]}]}"#,
        r#"{"model":"g","messages":[{"role":"user","content":[{"type":"text","text":"hi"},{"type":"document","source":{"type":"text","media_type":"text/plain","data":"a page"}}]}]}"#,
    ] {
        assert!(count(more) > plain, "{more}");
    }
    let longer = "word ".repeat(1_000);
    let long = format!(r#"{{"model":"g","messages":[{{"role":"user","content":"{longer}"}}]}}"#);
    assert!((1_000..1_100).contains(&count(&long)));
}
