use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Uri};
use http_body::Body as HttpBody;

/// Bodies up to this size come in the block that their head was read into, or in one as small.
const SHORT: u64 = 16 << 10;

/// A head is parts of the block that it was read into, which a connection makes as large as what
/// comes: kept for a whole call, the head would keep all of it. Before a long body it is copied.
pub(crate) fn detach<B: HttpBody<Data = Bytes>>(mut head: Parts, body: &B) -> Parts {
    if body.size_hint().upper().is_some_and(|size| size <= SHORT) {
        return head;
    }
    for value in head.headers.values_mut() {
        if let Ok(mut copy) = HeaderValue::from_bytes(value.as_bytes()) {
            copy.set_sensitive(value.is_sensitive());
            *value = copy;
        }
    }
    if let Ok(copy) = Uri::try_from(head.uri.to_string()) {
        head.uri = copy;
    }
    head
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderValue, Request, Uri};
    use http_body_util::Full;

    use super::{SHORT, detach};

    /// A head that is a part of `block`, before a body of `size` bytes; whether it still is one.
    fn is_kept(block: &Bytes, size: u64) -> bool {
        let uri = Uri::from_maybe_shared(block.slice(..5)).unwrap();
        let mut value = HeaderValue::from_maybe_shared(block.slice(5..)).unwrap();
        value.set_sensitive(true);
        let request = Request::builder().uri(uri).header("a", value);
        let body = Full::new(Bytes::from(vec![b' '; usize::try_from(size).unwrap()]));
        let (head, body) = request.body(body).unwrap().into_parts();
        let before = (head.uri.clone(), head.headers.clone());
        let head = detach(head, &body);
        assert_eq!((&head.uri, &head.headers), (&before.0, &before.1));
        assert!(head.headers["a"].is_sensitive());
        let lies = block.as_ptr_range();
        let parts = [
            head.uri.path().as_ptr(),
            head.headers["a"].as_bytes().as_ptr(),
        ];
        let kept = parts.map(|part| lies.contains(&part));
        assert_eq!(kept[0], kept[1]);
        kept[0]
    }

    #[test]
    fn only_a_long_body_parts_a_head_from_its_block() {
        let block = Bytes::from(b"/path\xe9 value".to_vec());
        assert!(is_kept(&block, 0));
        assert!(is_kept(&block, SHORT));
        assert!(!is_kept(&block, SHORT + 1));
    }
}
