use bytes::Bytes;

use super::{Broken, HEADERS, Head, LIMIT, Scan, parse};

fn read(text: &str) -> Result<(Head, bool), Broken> {
    let mut scan = Scan::default();
    let length = scan.find_end(text.as_bytes())?.expect("the end is there");
    assert_eq!(length, text.len());
    parse(&Bytes::copy_from_slice(text.as_bytes()), scan.lines())
}

#[test]
fn a_head_is_a_status_and_headers() {
    let text = "HTTP/1.1 429 Slow Down\r\nRetry-After:7\r\nx-a: \t b c \t\r\nx-a:\r\n\r\n";
    let (head, is_1_1) = read(text).unwrap();
    assert!(is_1_1);
    assert_eq!(head.status, 429);
    let headers: Vec<_> = head
        .headers
        .iter()
        .map(|(name, value)| format!("{name}={}", value.to_str().unwrap()))
        .collect();
    assert_eq!(headers, ["retry-after=7", "x-a=b c", "x-a="]);
}

#[test]
fn a_reason_means_nothing_and_may_be_missing() {
    for line in ["HTTP/1.0 200", "HTTP/1.0 200 ", "HTTP/1.0 200 O\u{e9} \tK"] {
        let (head, is_1_1) = read(&format!("{line}\r\n\r\n")).unwrap();
        assert_eq!((head.status.as_u16(), is_1_1), (200, false));
    }
}

#[test]
fn values_are_slices_of_the_head() {
    let head = Bytes::from_static(b"HTTP/1.1 200 OK\r\nserver: some\r\n\r\n");
    let (parsed, _) = parse(&head, 2).unwrap();
    let value = parsed.headers["server"].as_bytes();
    assert_eq!(value.as_ptr(), head[25..].as_ptr());
}

#[test]
fn what_is_not_quite_a_head_is_refused() {
    for text in [
        "HTTP/1.2 200 OK\r\n\r\n",
        "HTTP/1.10 200 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 +20 OK\r\n\r\n",
        "HTTP/1.1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx : y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx y: z\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: y\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\tfirst: y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a\rb\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n",
    ] {
        assert!(matches!(read(text), Err(Broken::Invalid(_))), "{text:?}");
    }
}

#[test]
fn other_protocols_and_bare_line_feeds_are_refused_at_once() {
    for text in [
        "S",
        "HTTP/2",
        "http/1.1",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "220 mail.example\r\n",
        "HTTP/1.1 200 OK\n",
        "HTTP/1.1 200 OK\r\nx: y\n",
    ] {
        let result = Scan::default().find_end(text.as_bytes());
        assert!(matches!(result, Err(Broken::Invalid(_))), "{text:?}");
    }
}

#[test]
fn a_head_has_limits() {
    let head = |lines: usize| format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(lines));
    assert_eq!(read(&head(HEADERS)).unwrap().0.headers.len(), HEADERS);
    assert!(matches!(
        read(&head(HEADERS + 1)),
        Err(Broken::HeadTooLarge)
    ));

    let head = |length: usize| {
        let begin = "HTTP/1.1 200 OK\r\nx: ";
        format!("{begin}{}\r\n\r\n", "y".repeat(length - begin.len() - 4))
    };
    assert!(read(&head(LIMIT - 1)).is_ok());
    assert!(matches!(read(&head(LIMIT + 1)), Err(Broken::HeadTooLarge)));
    let endless = "HTTP/1.1 200 OK\r\nx: ".to_owned() + &"y".repeat(LIMIT);
    let result = Scan::default().find_end(endless.as_bytes());
    assert!(matches!(result, Err(Broken::HeadTooLarge)));
}
