use super::*;

const SECRET: &[u8] = b"the secret of a data directory";

async fn store(directory: &tempfile::TempDir) -> Datastore {
    Datastore::open(&directory.path().join("test.db"))
        .await
        .unwrap()
}

fn credential(id: &str, account: &str) -> Credential {
    Credential {
        access_key_id: id.to_owned(),
        account: account.to_owned(),
        secret_access_key: Secret("a very secret access key".to_owned()),
        session_token: Some(Secret("a session token".to_owned())),
        expires_at: Some(Timestamp::from_millis(5_000)),
    }
}

#[tokio::test]
async fn what_is_added_is_found_and_the_file_gives_no_secret_away() {
    let directory = tempfile::TempDir::new().unwrap();
    let datastore = store(&directory).await;
    let credentials = Credentials::open(datastore.clone(), SECRET, None).unwrap();
    let one = credential("AKIAONE", "111122223333");
    credentials
        .add(&one, Timestamp::from_millis(1))
        .await
        .unwrap();
    assert!(
        credentials
            .add(&one, Timestamp::from_millis(1))
            .await
            .is_err()
    );
    let found = credentials.find("AKIAONE").await.unwrap().expect("it");
    assert_eq!(found.account, "111122223333");
    assert!(found.secret_access_key.is("a very secret access key"));
    assert!(!found.secret_access_key.is("a very secret access kez"));
    assert!(!found.secret_access_key.is(""));
    assert!(found.session_token.unwrap().is("a session token"));
    assert!(credentials.find("AKIATWO").await.unwrap().is_none());
    assert_eq!(credentials.all().await.unwrap().len(), 1);
    assert!(!format!("{one:?} {credentials:?}").contains("secret access"));
    datastore.close().await;
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        assert!(!holds(b"a very secret access key") && !holds(b"a session token"));
    }
}

#[tokio::test]
async fn a_sealed_credential_opens_with_its_key_and_in_its_place_alone() {
    let directory = tempfile::TempDir::new().unwrap();
    let datastore = store(&directory).await;
    let credentials = Credentials::open(datastore.clone(), SECRET, None).unwrap();
    let one = credential("AKIAONE", "111122223333");
    credentials
        .add(&one, Timestamp::from_millis(1))
        .await
        .unwrap();
    let others = Credentials::open(datastore.clone(), b"another secret", None).unwrap();
    assert!(others.find("AKIAONE").await.is_err());
    let sealed = datastore.credential_find("AKIAONE").await.unwrap().unwrap();
    for (id, account, sealed) in [
        ("AKIATWO", "111122223333", sealed.sealed.clone()),
        ("AKIATRE", "444455556666", sealed.sealed.clone()),
        ("AKIAQUA", "111122223333", Vec::new()),
        ("AKIACIN", "111122223333", sealed.sealed[..30].to_vec()),
    ] {
        let moved = SealedCredential {
            access_key_id: id.to_owned(),
            account: account.to_owned(),
            sealed,
            expires_at: None,
            created_at: Timestamp::from_millis(1),
        };
        datastore.credential_insert(&moved).await.unwrap();
        assert!(credentials.find(id).await.is_err(), "{id}");
    }
}

#[test]
fn a_file_in_the_form_of_awss_is_read() {
    let found = file::parse(
        "# ours\n[default]\naws_access_key_id = AKIAONE\naws_secret_access_key=one=/+\nregion = us-east-1\n\n\
         [other]\nAWS_ACCESS_KEY_ID=AKIATWO\naws_secret_access_key = two\naws_session_token = token\naws_account_id = 123456789012\n\
         ; no credential\n[profile x]\nregion = eu-west-1\n",
    )
    .unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), ["AKIAONE", "AKIATWO"]);
    assert!(found["AKIAONE"].secret_access_key.is("one=/+"));
    assert_eq!(found["AKIAONE"].account, "000000000000");
    assert!(found["AKIAONE"].session_token.is_none());
    assert_eq!(found["AKIATWO"].account, "123456789012");
    assert!(found["AKIATWO"].session_token.as_ref().unwrap().is("token"));
}

fn section(id: &str) -> String {
    format!("[{id}]\naws_access_key_id = {id}\naws_secret_access_key = secret of {id}\n")
}

/// The ids that a file's credentials have after each look at it.
struct Looking {
    path: std::path::PathBuf,
    file: Arc<Followed>,
    looks: followed::Looks,
    _directory: tempfile::TempDir,
}

impl Looking {
    fn at(text: &str) -> Self {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("credentials");
        std::fs::write(&path, text).unwrap();
        let file = Arc::new(Followed::open(&path).unwrap());
        Self {
            path,
            looks: file.looks(),
            file,
            _directory: directory,
        }
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.path, text).unwrap();
    }

    fn look(&mut self) -> Vec<String> {
        self.looks.look();
        self.file.credentials().keys().cloned().collect()
    }
}

#[test]
fn what_is_written_into_the_file_counts_once_it_has_come_to_rest() {
    let (one, two) = (section("AKIAONE"), section("AKIATWO"));
    let mut looking = Looking::at(&one);
    assert_eq!(looking.look(), ["AKIAONE"]);
    looking.write(&format!("{one}{two}"));
    assert_eq!(looking.look(), ["AKIAONE"]);
    assert_eq!(looking.look(), ["AKIAONE", "AKIATWO"]);
    // Another file in its place, as whoever writes with care puts it there.
    let other = looking.path.with_extension("new");
    std::fs::write(&other, &two).unwrap();
    std::fs::rename(&other, &looking.path).unwrap();
    assert_eq!(looking.look(), ["AKIAONE", "AKIATWO"]);
    assert_eq!(looking.look(), ["AKIATWO"]);
    // All of them are taken back.
    looking.write("");
    assert_eq!(looking.look(), ["AKIATWO"]);
    assert!(looking.look().is_empty());
}

/// Nobody is locked out by a file that is half written, or that an editor takes away before it puts another there.
#[test]
fn a_file_on_its_way_changes_nothing() {
    let (one, two) = (section("AKIAONE"), section("AKIATWO"));
    let both = format!("{one}{two}");
    let mut looking = Looking::at(&both);
    for length in 0..both.len() {
        looking.write(&both[..length]);
        assert_eq!(looking.look(), ["AKIAONE", "AKIATWO"], "{length}");
    }
    looking.write(&both);
    assert_eq!(looking.look(), ["AKIAONE", "AKIATWO"]);
    // What is no credentials file stays without effect, however long it is there.
    looking.write(&both[..one.len() + 20]);
    std::fs::remove_file(&looking.path).unwrap();
    for _ in 0..3 {
        assert_eq!(looking.look(), ["AKIAONE", "AKIATWO"]);
    }
    looking.write("nonsense");
    for _ in 0..3 {
        assert_eq!(looking.look(), ["AKIAONE", "AKIATWO"]);
    }
    looking.write(&two);
    looking.look();
    assert_eq!(looking.look(), ["AKIATWO"]);
}

#[test]
fn a_file_that_is_not_understood_is_refused_without_its_secrets() {
    for text in [
        "aws_access_key_id = A",
        "[a]\nhidden",
        "[a]\naws_access_key_id = A",
        "[a]\naws_access_key_id = A\naws_secret_access_key =",
        "[a]\naws_access_key_id = A\naws_secret_access_key = hidden\naws_secret_access_key = hidden",
        "[a]\naws_access_key_id = A\naws_secret_access_key = hidden\naws_account_id = 12",
        "[a]\naws_access_key_id = A\naws_secret_access_key = hidden\n[b]\naws_access_key_id = A\naws_secret_access_key = hidden",
    ] {
        let error = file::parse(text).expect_err(text);
        assert!(!format!("{error:#}").contains("hidden"), "{error:#}");
    }
}
