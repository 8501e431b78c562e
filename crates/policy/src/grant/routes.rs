use super::RouteGroup;

/// Paths and groups of routes, any of which may match. Empty, it covers nothing.
///
/// A path is a template: `{}` around a name stands for one segment, `/*` at the end for one or
/// more. What is matched against it is the template of the route that was found, never the path
/// that a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Routes {
    paths: Box<[Box<str>]>,
    groups: Box<[RouteGroup]>,
}

impl Routes {
    /// Reads what a grant lists; the error is the wrong item and why.
    pub(super) fn of(items: &[Box<str>]) -> Result<Self, (String, String)> {
        let (mut paths, mut groups) = (Vec::new(), Vec::new());
        for item in items {
            if let Some(group) = RouteGroup::from_name(item) {
                groups.push(group);
            } else {
                check(item).map_err(|why| ((**item).to_owned(), why))?;
                paths.push(item.clone());
            }
        }
        Ok(Self {
            paths: paths.into(),
            groups: groups.into(),
        })
    }

    /// Whether one of a route's paths is covered.
    pub(super) fn cover(&self, route: &[&str]) -> bool {
        route.iter().any(|path| self.contain(path))
    }

    /// The entry that covers one of a route's paths.
    pub(super) fn entry_for(&self, route: &[&str]) -> Option<&str> {
        route.iter().find_map(|path| self.entry(path))
    }

    fn entry(&self, path: &str) -> Option<&str> {
        let listed = self.paths.iter().find(|wide| contains(wide, path));
        let in_group = |group: &RouteGroup| group.paths().any(|wide| contains(wide, path));
        let group = || self.groups.iter().copied().find(in_group);
        listed
            .map(|entry| &**entry)
            .or_else(|| group().map(RouteGroup::as_str))
    }

    fn contain(&self, path: &str) -> bool {
        self.entry(path).is_some()
    }

    /// The first entry that does not lie within `wide`.
    pub(super) fn outside(&self, wide: &Self) -> Option<&str> {
        let path = self.paths.iter().find(|path| !wide.contain(path));
        let is_within = |group: RouteGroup| {
            wide.groups.contains(&group) || group.paths().all(|path| wide.contain(path))
        };
        let group = || self.groups.iter().copied().find(|group| !is_within(*group));
        path.map(|path| &**path)
            .or_else(|| group().map(RouteGroup::as_str))
    }
}

fn check(path: &str) -> Result<(), String> {
    if !path.starts_with('/') {
        let known = RouteGroup::ALL.map(RouteGroup::as_str).join(", ");
        return Err(format!("neither a path nor a group of routes ({known})"));
    }
    let (fixed, _) = split(path);
    if fixed.contains('*') {
        return Err("a * can only be the whole last segment".to_owned());
    }
    let is_sound = |segment: &str| {
        let plain = segment
            .strip_prefix('{')
            .and_then(|segment| segment.strip_suffix('}'))
            .unwrap_or(segment);
        let odd = |c: char| c.is_whitespace() || c.is_control() || "{}?#%\\".contains(c);
        !matches!(plain, "" | "." | "..") && !plain.contains(odd)
    };
    if path == "/*" || fixed.split('/').skip(1).all(is_sound) {
        return Ok(());
    }
    Err("not a path of a route; write it as /key/info or /key/*".to_owned())
}

/// Whether each path that `narrow` stands for is one that `wide` stands for.
fn contains(wide: &str, narrow: &str) -> bool {
    // Most entries are the path itself.
    if wide == narrow {
        return true;
    }
    let (wide, wide_is_open) = split(wide);
    let (narrow, narrow_is_open) = split(narrow);
    let (mut wide, mut narrow) = (wide.split('/'), narrow.split('/'));
    loop {
        match (wide.next(), narrow.next()) {
            (None, None) => return wide_is_open == narrow_is_open,
            (None, Some(_)) => return wide_is_open,
            (Some(_), None) => return false,
            (Some(wide), Some(narrow)) if wide != narrow && !is_slot(wide) => return false,
            (Some(_), Some(_)) => {}
        }
    }
}

/// The fixed segments of a template, each after a `/`, and whether any rest may follow.
fn split(path: &str) -> (&str, bool) {
    path.strip_suffix("/*")
        .map_or((path, false), |fixed| (fixed, true))
}

fn is_slot(segment: &str) -> bool {
    segment.starts_with('{') && segment.ends_with('}')
}

#[cfg(test)]
mod tests {
    use super::{RouteGroup, Routes, contains};

    fn routes(items: &[&str]) -> Result<Routes, (String, String)> {
        let items: Vec<Box<str>> = items.iter().map(|item| (*item).into()).collect();
        Routes::of(&items)
    }

    #[test]
    fn a_template_contains_what_it_stands_for() {
        for (wide, narrow) in [
            ("/*", "/key/generate"),
            ("/*", "/*"),
            ("/*", "/key/*"),
            ("/key/*", "/key/generate"),
            ("/key/*", "/key/{key}/regenerate"),
            ("/key/*", "/key/a/*"),
            ("/key/{id}/regenerate", "/key/{key}/regenerate"),
            ("/key/{id}", "/key/info"),
        ] {
            assert!(contains(wide, narrow), "{wide} {narrow}");
        }
        for (wide, narrow) in [
            ("/key/*", "/key"),
            ("/key/*", "/*"),
            ("/key/*", "/keys/generate"),
            ("/key", "/key/generate"),
            ("/key/info", "/key/{id}"),
            ("/key/{id}", "/key/*"),
            ("/key/{id}", "/key/a/b"),
            ("/key/generate", "/key/*"),
        ] {
            assert!(!contains(wide, narrow), "{wide} {narrow}");
        }
    }

    #[test]
    fn an_alias_of_the_route_is_enough() {
        let list = routes(&["/v1/chat/completions"]).unwrap();
        assert!(list.cover(&["/chat/completions", "/v1/chat/completions"]));
        assert!(!list.cover(&["/embeddings", "/v1/embeddings"]));
        assert!(!list.cover(&[]));
    }

    #[test]
    fn a_group_lies_within_what_covers_its_paths() {
        let outside = |narrow: &[&str], wide: &[&str]| {
            let (narrow, wide) = (routes(narrow).unwrap(), routes(wide).unwrap());
            narrow.outside(&wide).map(str::to_owned)
        };
        assert_eq!(outside(&["llm_api_routes"], &["/*"]), None);
        assert_eq!(outside(&["openai_routes"], &["llm_api_routes"]), None);
        assert_eq!(outside(&["/v1/messages"], &["anthropic_routes"]), None);
        assert_eq!(
            outside(&["key_management_routes"], &["management_routes"]),
            None
        );
        assert_eq!(
            outside(&["llm_api_routes"], &["openai_routes"]).unwrap(),
            "llm_api_routes"
        );
        assert_eq!(outside(&["/*"], &["llm_api_routes"]).unwrap(), "/*");
        assert_eq!(outside(&["/v1/*"], &["llm_api_routes"]).unwrap(), "/v1/*");
    }

    #[test]
    fn what_is_no_route_is_refused_with_what_to_write() {
        for (item, why) in [
            ("chat", "neither a path"),
            ("*", "neither a path"),
            ("ui_routes", "neither a path"),
            ("/key*", "a * can only"),
            ("/*/info", "a * can only"),
            ("/key/**", "a * can only"),
            ("/", "not a path"),
            ("//*", "not a path"),
            ("/v1/../key", "not a path"),
            ("/key/%67enerate", "not a path"),
            ("/key?x", "not a path"),
        ] {
            let (wrong, said) = routes(&[item]).unwrap_err();
            assert_eq!(wrong, item);
            assert!(said.starts_with(why), "{item}: {said}");
        }
    }

    #[test]
    fn the_groups_hold_sound_paths_only() {
        for group in RouteGroup::ALL {
            let paths: Vec<&str> = group.paths().collect();
            assert!(routes(&paths).is_ok(), "{}", group.as_str());
            assert_eq!(RouteGroup::from_name(group.as_str()), Some(group));
        }
    }
}
