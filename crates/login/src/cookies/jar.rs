//! The cookies of one session (RFC 6265, as far as a session with one system needs it).
//!
//! Own, because the jar that comes with the HTTP library writes the values of cookies into the log, and reads the
//! machine's clock.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::{DATE, SET_COOKIE};
use monitor_domain::Clock;
use monitor_requests::{HeaderMap, HeaderValue, Secret, Url, parse_http_date};

use super::cookie::{self, Cookie};

/// More cookies than a session has; a system that sets a new one each time must not grow us.
const MAX_COOKIES: usize = 64;

/// A jar of cookies, shared by all calls of a session. `Debug` shows their names only.
#[derive(Default)]
pub struct CookieJar {
    cookies: Mutex<Vec<Cookie>>,
}

/// From when to when something is good, as monotonic instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    pub(crate) since: Duration,
    pub(crate) ends: Duration,
}

impl CookieJar {
    /// An empty jar.
    pub fn new() -> CookieJar {
        CookieJar::default()
    }

    /// Takes the cookies of an answer from `url`: new ones, renewed ones, and those that it takes away.
    pub fn absorb(&self, url: &Url, headers: &HeaderMap, clock: &dyn Clock) {
        let lines = headers.get_all(SET_COOKIE);
        if lines.iter().next().is_none() {
            return;
        }
        let now = clock.monotonic();
        // An `Expires` is a time of the server's clock, which its `Date` gives.
        let date = headers
            .get(DATE)
            .and_then(|date| parse_http_date(date.to_str().ok()?));
        let server_now = date.unwrap_or_else(|| clock.wall());
        let mut cookies = self.lock();
        for line in lines.iter().filter_map(|line| line.to_str().ok()) {
            let Some(cookie) = cookie::parse(line, url, now, server_now) else {
                continue;
            };
            cookies.retain(|old| {
                (&old.name, &old.domain, &old.path) != (&cookie.name, &cookie.domain, &cookie.path)
            });
            if cookie.ends.is_none_or(|ends| ends > now) {
                cookies.push(cookie);
            }
        }
        let excess = cookies.len().saturating_sub(MAX_COOKIES);
        cookies.drain(..excess);
    }

    /// The `Cookie` header for a request to `url` at the monotonic instant `now`; none where no cookie fits.
    pub fn header(&self, url: &Url, now: Duration) -> Option<HeaderValue> {
        let cookies = self.lock();
        let mut fitting: Vec<_> = cookies.iter().filter(|cookie| cookie.fits(url, now)).collect();
        // RFC 6265, 5.4: longer paths first, and older ones first among equals.
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> = fitting
            .iter()
            .map(|cookie| format!("{}={}", cookie.name, cookie.value.expose()))
            .collect();
        if pairs.is_empty() {
            return None;
        }
        let mut value = HeaderValue::from_str(&pairs.join("; ")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The names of the cookies that would go to `url` if it were not plain HTTP.
    pub(crate) fn withheld(&self, url: &Url, now: Duration) -> Vec<String> {
        let cookies = self.lock();
        let is_withheld = |cookie: &&Cookie| cookie.is_withheld(url, now);
        let withheld = cookies.iter().filter(is_withheld);
        withheld.map(|cookie| cookie.name.clone()).collect()
    }

    /// Whether there is a cookie of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.lock().iter().any(|cookie| cookie.name == name)
    }

    /// The value of the cookie of this name, to be sent back in another way: a token against forged requests.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        let cookies = self.lock();
        let found = cookies.iter().rev().find(|cookie| cookie.name == name)?;
        Some(found.value.expose().to_owned())
    }

    /// Whether there is none at all.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The names of the cookies that seem to carry the session: those hidden from scripts, or else all. Others
    /// (preferences, messages, tokens against forged requests) come and go without meaning anything.
    pub(crate) fn carriers(&self) -> Vec<String> {
        let cookies = self.lock();
        let hidden = cookies.iter().any(|cookie| cookie.http_only);
        cookies
            .iter()
            .filter(|cookie| cookie.http_only || !hidden)
            .map(|cookie| cookie.name.clone())
            .collect()
    }

    /// The life of the one of these cookies that ends first; none where one is gone or has no end.
    pub(crate) fn life(&self, names: &[String]) -> Option<Life> {
        let cookies = self.lock();
        let life = |name: &String| {
            let cookie = cookies.iter().find(|cookie| cookie.name == *name)?;
            Some(Life {
                since: cookie.set,
                ends: cookie.ends?,
            })
        };
        let lives: Option<Vec<_>> = names.iter().map(life).collect();
        lives?.into_iter().min_by_key(|life| life.ends)
    }

    pub(crate) fn values(&self) -> Vec<Secret> {
        self.lock().iter().map(|cookie| cookie.value.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Cookie>> {
        // A panic between two steps leaves at worst one cookie fewer.
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.lock().iter().map(|cookie| &cookie.name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cookies::cookie::is_within;
    use chrono::{DateTime, Utc};
    use monitor_domain::SystemClock;

    const NOW: Duration = Duration::from_secs(1_000);

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    /// A clock that stands still.
    #[derive(Debug)]
    struct Stopped;

    impl Clock for Stopped {
        fn wall(&self) -> DateTime<Utc> {
            DateTime::from_timestamp(784_111_777, 0).unwrap() // Sun, 06 Nov 1994 08:49:37 GMT
        }

        fn monotonic(&self) -> Duration {
            NOW
        }

        fn sleep_until(&self, at: Duration) -> futures_util::future::BoxFuture<'static, ()> {
            SystemClock.sleep_until(at)
        }
    }

    fn set(jar: &CookieJar, from: &str, lines: &[&str]) {
        let headers = lines
            .iter()
            .map(|line| (SET_COOKIE, HeaderValue::from_str(line).unwrap()));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value);
        }
        jar.absorb(&url(from), &map, &Stopped);
    }

    fn sent(jar: &CookieJar, to: &str, after: u64) -> Option<String> {
        let value = jar.header(&url(to), NOW + Duration::from_secs(after))?;
        assert!(value.is_sensitive());
        Some(value.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_cookie_goes_back_to_where_it_came_from_until_it_ends() {
        let jar = CookieJar::new();
        set(
            &jar,
            "https://b.example/login",
            &["sid=abc; Path=/; HttpOnly; Max-Age=60", "n = 1 ; path=/"],
        );
        assert_eq!(
            sent(&jar, "https://b.example/api", 0).as_deref(),
            Some("sid=abc; n=1")
        );
        assert_eq!(sent(&jar, "https://b.example/api", 60).as_deref(), Some("n=1"));
        assert_eq!(sent(&jar, "https://c.example/api", 0), None);
        assert_eq!(jar.carriers(), ["sid"]);
        let life = Life {
            since: NOW,
            ends: NOW + Duration::from_secs(60),
        };
        assert_eq!(jar.life(&["sid".to_owned()]), Some(life));
        assert_eq!(
            jar.life(&["sid".to_owned(), "n".to_owned()]),
            None,
            "n has no end"
        );
        assert_eq!(jar.life(&["sid".to_owned(), "gone".to_owned()]), None);
    }

    #[test]
    fn a_cookie_is_renewed_and_taken_away() {
        let jar = CookieJar::new();
        set(&jar, "http://b.example/login", &["sid=abc; Max-Age=60"]);
        set(&jar, "http://b.example/api", &["sid=def; Max-Age=90"]);
        assert_eq!(sent(&jar, "http://b.example/api", 80).as_deref(), Some("sid=def"));
        set(&jar, "http://b.example/api", &["sid=; Max-Age=0"]);
        assert!(jar.is_empty() && !jar.contains("sid"));
        set(&jar, "http://b.example/api", &["sid=abc"]);
        assert!(jar.contains("sid"));
        set(
            &jar,
            "http://b.example/api",
            &["sid=; expires=Thu, 01 Jan 1970 00:00:00 GMT"],
        );
        assert!(jar.is_empty());
    }

    #[test]
    fn expires_is_read_in_all_its_formats_and_max_age_wins() {
        for (attributes, life) in [
            ("Expires=Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("expires=Sun, 06-Nov-1994 08:50:37 GMT", Some(60)),
            ("Expires=Sunday, 06-Nov-94 08:50:37 GMT", Some(60)),
            ("Expires=Sun, 06 Nov 1994 08:50:37 GMT; Max-Age=7", Some(7)),
            ("Expires=soon; Max-Age=later", None),
            ("Max-Age=99999999999999999999999999", Some(u64::from(u32::MAX))),
        ] {
            let jar = CookieJar::new();
            set(&jar, "http://b.example/", &[&format!("sid=abc; {attributes}")]);
            let found = jar.life(&jar.carriers()).map(|life| (life.ends - NOW).as_secs());
            assert_eq!(found, life, "{attributes}");
        }
    }

    #[test]
    fn path_domain_and_secure_are_kept_to() {
        let jar = CookieJar::new();
        let lines = [
            "a=1; Path=/app",
            "b=2; Secure; Path=/",
            "c=3; Domain=.example; Path=/",
            "d=4; Domain=evil.org",
        ];
        set(&jar, "https://b.example/app/login", &lines);
        assert_eq!(
            sent(&jar, "https://b.example/app/x", 0).as_deref(),
            Some("a=1; b=2; c=3")
        );
        assert_eq!(
            sent(&jar, "https://b.example/apple", 0).as_deref(),
            Some("b=2; c=3")
        );
        assert_eq!(sent(&jar, "http://b.example/", 0).as_deref(), Some("c=3"));
        assert_eq!(sent(&jar, "https://other.example/", 0).as_deref(), Some("c=3"));
        assert_eq!(sent(&jar, "https://notexample/", 0), None);
        assert!(!is_within("127.0.0.1", "0.0.1") && is_within("127.0.0.1", "127.0.0.1"));
        let jar = CookieJar::new();
        set(&jar, "https://b.example/app/login", &["e=5"]);
        assert_eq!(sent(&jar, "https://b.example/app/x", 0).as_deref(), Some("e=5"));
        assert_eq!(sent(&jar, "https://b.example/x", 0), None);
    }

    #[test]
    fn a_jar_neither_grows_for_ever_nor_prints_values_nor_minds_nonsense() {
        let jar = CookieJar::new();
        for n in 0..200 {
            set(&jar, "http://b.example/", &[&format!("c{n}=hunter2")]);
        }
        assert_eq!(jar.lock().len(), MAX_COOKIES);
        assert!(jar.contains("c199") && !jar.contains("c0"));
        let shown = format!("{jar:?}");
        assert!(shown.contains("c199") && !shown.contains("hunter2"));
        let jar = CookieJar::new();
        set(
            &jar,
            "http://b.example/",
            &["", "=x", "novalue", ";;;", "=; Max-Age"],
        );
        assert!(jar.is_empty());
    }
}
