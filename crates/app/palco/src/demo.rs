//! `palco demo`: a server with a show that is live, made through the same doors as anybody's: the
//! HTTP API, and four `palco perform` processes that publish by WebRTC.

use palco_base::{Fault, Secret};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) const SLUG: &str = "demo";
/// How long the performers may take to be on air before the links are printed all the same.
const PATIENCE: Duration = Duration::from_secs(15);

/// The performers, by the name of their media file.
const PERFORMERS: [(&str, &str); 4] =
    [("keys", "Lucía"), ("bass", "Mateo"), ("drums", "Inés"), ("melody", "Carmen")];

/// The links of a demo that runs.
pub(crate) struct Links {
    /// The site's own address.
    pub(crate) site: String,
    /// The show's page, where its tickets are.
    pub(crate) audience: String,
    pub(crate) invitation: String,
    pub(crate) director: String,
}

/// The performers' processes; dropping ends them.
pub(crate) struct Demo {
    pub(crate) links: Links,
    performers: Vec<Child>,
}

impl Drop for Demo {
    fn drop(&mut self) {
        for performer in &mut self.performers {
            // Already gone is as good.
            let _ = performer.kill();
            let _ = performer.wait();
        }
    }
}

/// Makes the show on the server at `url` and brings its performers. Blocks until they are on air.
///
/// # Errors
/// When the media is missing or the server refuses something.
pub(crate) fn begin(url: &str, admin: &Secret, media: &Path) -> Result<Demo, Fault> {
    let api = Api { url: format!("{url}/api/v1"), admin: admin.clone(), agent: agent() };
    for (file, _) in PERFORMERS {
        media_file(media, file)?;
    }
    let show = api.fresh_show()?;
    let mut demo = Demo { links: links(&api, &show)?, performers: Vec::new() };
    for (file, name) in PERFORMERS {
        let performer = api.performer(name)?;
        demo.performers.push(perform(&performer, url, &media_file(media, file)?)?);
    }
    api.put_on_stage()?;
    api.upload_clip(media)?;
    api.call("POST", &format!("/shows/{SLUG}/start"), Some(&json!({})))?;
    Ok(demo)
}

fn media_file(media: &Path, name: &str) -> Result<PathBuf, Fault> {
    let path = media.join(format!("{name}.mkv"));
    if path.is_file() {
        return Ok(path);
    }
    Err(Fault::not_found("demo_media_missing", format!("There is no {}.", path.display()))
        .hint("`./dev run` makes the demo's media, or: palco-demo-media --out DIR."))
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.timeout_global(Some(Duration::from_secs(60))).build().into()
}

struct Api {
    url: String,
    admin: Secret,
    agent: ureq::Agent,
}

impl Api {
    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Fault> {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.admin.reveal()))
            .header("content-type", "application/json")
            .body(body.map(Value::to_string).unwrap_or_default())
            .map_err(|error| broken(&error))?;
        let mut response = self.agent.run(request).map_err(|error| broken(&error))?;
        let text = response.body_mut().read_to_string().map_err(|error| broken(&error))?;
        answer(response.status().is_success(), &text)
    }

    /// A demo show of its own for each start: nobody wants to rewind into the one before.
    fn fresh_show(&self) -> Result<Value, Fault> {
        let shows = self.call("GET", "/shows", None)?;
        let known = shows["shows"].as_array().and_then(|all| all.iter().find(|s| s["slug"] == SLUG));
        if let Some(show) = known {
            if show["state"] == "live" || show["state"] == "paused" {
                self.call("POST", &format!("/shows/{SLUG}/end"), None)?;
            }
            self.call("DELETE", &format!("/shows/{SLUG}"), None)?;
        }
        let new = json!({
            "title": "Palco Demo Night",
            "slug": SLUG,
            "description": "Four musicians, four living rooms, one stage.",
            "max_on_air": 5,
        });
        self.call("POST", "/shows", Some(&new))
    }

    /// A performer of that name, with credentials.
    fn performer(&self, name: &str) -> Result<Value, Fault> {
        self.call("POST", &format!("/shows/{SLUG}/performers"), Some(&json!({ "name": name })))
    }

    /// Puts the four on stage as they connect.
    fn put_on_stage(&self) -> Result<(), Fault> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let state = self.call("GET", &format!("/shows/{SLUG}/state"), None)?;
            let performers = state["performers"].as_array().cloned().unwrap_or_default();
            let ours = performers.iter().filter(|p| PERFORMERS.iter().any(|(_, name)| p["name"] == *name));
            let mut waiting = 0;
            for performer in ours {
                let id = performer["id"].as_str().unwrap_or_default();
                if performer["role"] != "host" {
                    let path = format!("/shows/{SLUG}/performers/{id}");
                    self.call("PATCH", &path, Some(&json!({ "role": "host" })))?;
                }
                waiting += usize::from(performer["video"] != true);
            }
            if waiting == 0 {
                return Ok(());
            }
            std::thread::park_timeout(Duration::from_millis(200));
        }
        tracing::warn!("not every demo performer is on air yet");
        Ok(())
    }

    fn upload_clip(&self, media: &Path) -> Result<(), Fault> {
        let clips = self.call("GET", &format!("/shows/{SLUG}/clips"), None)?;
        let path = media.join("intermission.mkv");
        if clips["clips"].as_array().is_some_and(|all| !all.is_empty()) || !path.is_file() {
            return Ok(());
        }
        let file = std::fs::File::open(&path).map_err(|error| broken(&error))?;
        let mut response = self
            .agent
            .post(format!("{}/shows/{SLUG}/clips?name=Intermission.mkv", self.url))
            .header("authorization", format!("Bearer {}", self.admin.reveal()))
            .header("content-type", "application/octet-stream")
            .send(file)
            .map_err(|error| broken(&error))?;
        let text = response.body_mut().read_to_string().map_err(|error| broken(&error))?;
        answer(response.status().is_success(), &text).map(drop)
    }
}

fn answer(success: bool, text: &str) -> Result<Value, Fault> {
    let value: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    if success {
        return Ok(value);
    }
    let said = value["text"].as_str().unwrap_or("The server refused the demo's request.");
    let fault = Fault::conflict("demo_refused", said).internal(text);
    Err(match value["hint"].as_str() {
        Some(hint) => fault.hint(hint),
        None => fault,
    })
}

fn broken(error: &dyn std::fmt::Display) -> Fault {
    Fault::unavailable("demo_failed", "The demo could not talk to its own server.").internal(error)
}

fn links(api: &Api, show: &Value) -> Result<Links, Fault> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let director = api.call("POST", &format!("/shows/{SLUG}/director-links"), Some(&json!({})))?;
    let guest = api.performer("Guest")?;
    let watch = text(&show["links"]["watch"]);
    let audience = watch.trim_end_matches("/watch").to_owned();
    Ok(Links {
        site: audience.trim_end_matches(&format!("/shows/{SLUG}")).to_owned(),
        audience,
        invitation: text(&guest["invitation_url"]),
        director: text(&director["url"]),
    })
}

fn perform(credentials: &Value, url: &str, file: &Path) -> Result<Child, Fault> {
    let token = credentials["whip_token"].as_str().unwrap_or_default();
    let program = std::env::current_exe().map_err(|error| broken(&error))?;
    Command::new(program)
        .args(["perform", "--quiet", "--align", "--to", &format!("{url}/whip/{SLUG}")])
        .arg(file)
        .env("PALCO_TOKEN", token)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| broken(&error))
}
