//! Who may call the app under test, and who does.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use cacheplane::callers::{Callers, Credentials};
use cacheplane::reconcile::World;

use super::reply::{Reply, reply};
use super::{Harness, Layout};

/// Anyone, unless the layout has credentials; then those of a file with its text, and those in the database.
pub(super) fn callers(layout: &Layout, world: &World, directory: &Path) -> Callers {
    let Some(text) = layout.credentials else {
        return Callers::Anyone;
    };
    let path = directory.join("credentials");
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .expect("make a file");
    file.write_all(text.as_bytes()).expect("write credentials");
    let secret = &world.ground.secret;
    let credentials = Credentials::open(world.datastore.clone(), secret, Some(&path));
    Callers::Signed(credentials.expect("open the credentials"))
}

impl Harness {
    /// Posts a body as it is.
    pub async fn post(&self, body: &str, caller: Option<(&str, &str)>) -> Reply {
        match caller {
            Some(caller) => self.post_signed_for("elasticache", body, caller).await,
            None => self.send(body, None).await,
        }
    }

    /// Posts a body as it is, as this caller and for this service.
    pub async fn post_signed_for(
        &self,
        service: &str,
        body: &str,
        (access_key, region): (&str, &str),
    ) -> Reply {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={access_key}/20260304/{region}/{service}/aws4_request, \
             SignedHeaders=host, Signature=00"
        );
        self.send(body, Some(authorization)).await
    }

    async fn send(&self, body: &str, authorization: Option<String>) -> Reply {
        let mut request = self
            .client
            .post(format!("http://{}/", self.address))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.to_owned());
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        reply(request.send().await.expect("be answered")).await
    }
}
