//! The management plane where it is a guest: on the data port, if the operator wants it there.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock};

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::header::COOKIE;
use axum::http::{Request, Response};
use ironward_policy::access::Route;
use percent_encoding::percent_decode_str;

use crate::plane::Plane;
use crate::router::{by_path, serve};

/// Answers the routes of the table for a listener that is not the admin plane's own.
pub struct Guest {
    plane: Arc<Plane>,
}

/// What stands at a path template.
struct Stop {
    segments: Vec<&'static str>,
    /// They differ by method.
    routes: Vec<Route>,
    /// Every template of the routes: what a grant lists is compared with these.
    templates: Vec<&'static str>,
}

/// The stops, those without a variable first: `/team/new` is not the team `new`.
static STOPS: LazyLock<Vec<Stop>> = LazyLock::new(|| {
    let all: BTreeMap<&'static str, Vec<Route>> = by_path();
    let mut stops: Vec<Stop> = all
        .into_iter()
        .map(|(path, routes)| Stop {
            segments: path.split('/').collect(),
            templates: routes.iter().flat_map(|route| route.paths()).collect(),
            routes,
        })
        .collect();
    stops.sort_by_key(|stop| stop.segments.iter().any(|segment| is_variable(segment)));
    stops
});

impl Guest {
    /// The routes of `plane`, answered while its settings say so.
    #[must_use]
    pub const fn new(plane: Arc<Plane>) -> Self {
        Self { plane }
    }

    /// Every path template of the route that `path` means, if it means one and is answered here.
    /// Nothing is normalised: a path that is not spelled as in the table means nothing.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&'static [&'static str]> {
        if !self.plane.settings.load().on_data_port {
            return None;
        }
        find(path).map(|(stop, _)| &*stop.templates)
    }

    /// Answers a request that came from `source`, as the admin plane's own listener does.
    pub async fn answer<B>(&self, source: Option<IpAddr>, request: Request<B>) -> Response<Bytes>
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let found = find(request.uri().path());
        let (routes, name) =
            found.map_or_else(Default::default, |(stop, name)| (stop.routes.clone(), name));
        let mut request = request.map(Body::new);
        // Sessions are for the admin plane's own listener.
        request.headers_mut().remove(COOKIE);
        if let Some(source) = source {
            let source = ConnectInfo(SocketAddr::new(source, 0));
            request.extensions_mut().insert(source);
        }
        let answer = serve(Arc::clone(&self.plane), routes, Ok(name), request).await;
        let (head, body) = answer.into_parts();
        // It is in memory already and cannot fail.
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        Response::from_parts(head, body)
    }
}

/// The stop at `path`, and what stands for its variable.
fn find(path: &str) -> Option<(&'static Stop, Option<Box<str>>)> {
    let written: Vec<&str> = path.split('/').collect();
    STOPS.iter().find_map(|stop| {
        if stop.segments.len() != written.len() {
            return None;
        }
        let mut name = None;
        for (segment, written) in stop.segments.iter().zip(&written) {
            if is_variable(segment) {
                name = Some(read_name(written)?);
            } else if segment != written {
                return None;
            }
        }
        Some((stop, name))
    })
}

fn is_variable(segment: &str) -> bool {
    segment.starts_with('{')
}

/// A name out of a path, decoded once; not one that another reader of the path could take for a
/// step in it.
fn read_name(written: &str) -> Option<Box<str>> {
    let name = percent_decode_str(written).decode_utf8().ok()?;
    let is_sound = !matches!(&*name, "" | "." | "..") && !name.chars().any(char::is_control);
    is_sound.then(|| name.into())
}

#[cfg(test)]
mod tests {
    use ironward_policy::access::Route;

    use super::find;

    fn routes(path: &str) -> Option<(Vec<Route>, Option<String>)> {
        let (stop, name) = find(path)?;
        Some((stop.routes.clone(), name.map(String::from)))
    }

    #[test]
    fn every_route_of_the_table_is_found_at_each_of_its_paths() {
        for route in Route::ALL {
            for path in route.paths() {
                let (found, name) = routes(&path.replace(['{', '}'], "")).unwrap();
                let slot = path.split(['{', '}']).nth(1);
                let is_shadowed = *route == Route::TeamPatch;
                assert!(found.contains(route) || is_shadowed, "{path}");
                assert_eq!(name.as_deref(), slot, "{path}");
            }
        }
        let (found, name) = routes("/team/a%2Fb%20%C3%A9").unwrap();
        assert_eq!(found, [Route::TeamPatch]);
        assert_eq!(name.as_deref(), Some("a/b é"));
        assert_eq!(routes("/team/new").unwrap().0, [Route::TeamNew]);
    }

    #[test]
    fn no_other_spelling_means_a_route() {
        for path in [
            "",
            "/",
            "//key/generate",
            "/key/generate/",
            "/key//generate",
            "/KEY/generate",
            "/key/%67enerate",
            "/v1/../key/generate",
            "/key/./generate",
            "/key/generate;x",
            "/key/generate%2f",
            "/key%2fgenerate",
            "/key/generate%00",
            "/team/",
            "/team/..",
            "/team/%2e%2e",
            "/team/.",
            "/team/a%00",
            "/team/%ff",
            "/key/../regenerate",
            "/v1/key/generate",
            "/docs",
        ] {
            assert!(find(path).is_none(), "{path}");
        }
    }
}
