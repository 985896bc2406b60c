//! The files of the page. There is no build step: they are served as they are in `app/`.

/// A file of the page.
pub(crate) struct File {
    pub(crate) path: &'static str,
    /// The media type.
    pub(crate) kind: &'static str,
    pub(crate) text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

const fn file(path: &'static str, kind: &'static str, text: &'static str) -> File {
    File { path, kind, text }
}

pub(crate) const FILES: &[File] = &[
    file("/app", HTML, include_str!("../app/app.html")),
    file("/app/app.css", CSS, include_str!("../app/app.css")),
    file("/app/app.js", JAVASCRIPT, include_str!("../app/app.js")),
    file("/app/inbox.js", JAVASCRIPT, include_str!("../app/inbox.js")),
    file("/app/lead.js", JAVASCRIPT, include_str!("../app/lead.js")),
    file("/app/parts.js", JAVASCRIPT, include_str!("../app/parts.js")),
    // htm 3.1.1 with Preact inside, as npm has it; see app/README.md.
    file("/app/preact.js", JAVASCRIPT, include_str!("../app/preact.js")),
    file("/app/reports.js", JAVASCRIPT, include_str!("../app/reports.js")),
    file("/app/session.js", JAVASCRIPT, include_str!("../app/session.js")),
    file("/app/sign-in.js", JAVASCRIPT, include_str!("../app/sign-in.js")),
    file("/app/sources.js", JAVASCRIPT, include_str!("../app/sources.js")),
    file("/app/views.css", CSS, include_str!("../app/views.css")),
    file("/app/words.js", JAVASCRIPT, include_str!("../app/words.js")),
    file("/favicon.ico", SVG, include_str!("../app/favicon.svg")),
];
