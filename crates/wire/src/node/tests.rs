use serde::Deserialize;
use serde_json::value::RawValue;

use super::Node;
use crate::Body;

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    b: Option<&'a RawValue>,
}

#[test]
fn a_fault_names_the_place_and_not_the_value() {
    let body = Body::read(r#"{"a":[{},{"b":"secret"}]}"#.as_bytes().into()).unwrap();
    let fault = Node::top(&body, "a")
        .unwrap()
        .items(|item| {
            let fields: Fields<'_> = item.object()?;
            item.field("b", fields.b)
                .map_or(Ok(()), |b| b.count().map(|_| ()))
        })
        .unwrap_err();
    assert_eq!(fault.param.as_deref(), Some("a[1].b"));
    assert_eq!(
        &*fault.message,
        "'a[1].b' has to be a whole number, zero or more"
    );
}

#[test]
fn whole_numbers_may_be_written_as_floats() {
    let body = Body::read(r#"{"a":3.0,"b":-1,"c":1.5,"d":1e30,"e":18446744073709551615}"#.into());
    let body = body.unwrap();
    let count = |name| Node::top(&body, name).unwrap().count().ok();
    assert_eq!(count("a"), Some(3));
    assert_eq!(count("b"), None);
    assert_eq!(count("c"), None);
    assert_eq!(count("d"), None);
    assert_eq!(count("e"), Some(u64::MAX));
    let integer = |name| Node::top(&body, name).unwrap().integer().ok();
    assert_eq!((integer("b"), integer("e")), (Some(-1), None));
}
