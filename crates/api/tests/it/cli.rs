//! The executable: its subcommands, and a process that serves, is told to end, and ends well.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use store::testing::TestDatabase;

/// The example beside this test's own executable.
fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.parent().and_then(Path::parent).unwrap().join("examples").join("sample")
}

pub fn command(folder: &Path, database: &TestDatabase, arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command
        .args(arguments)
        .env_clear()
        .env("THERIAC_CONFIG", folder.join("service.toml"))
        .env("DATABASE_URL", database.url())
        .env("THERIAC__KEYS__PASSPHRASE", "correct horse battery")
        .stdin(Stdio::null());
    command
}

pub fn text(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout.clone()).unwrap().trim_end().to_owned()
}

pub fn configure(folder: &Path) {
    let toml = format!(
        "[organisation]\nid = 1\nname = \"Sample\"\n[http]\nlisten = \"127.0.0.1:0\"\n[keys]\nfile = {:?}\n",
        folder.join("signing.pem")
    );
    std::fs::write(folder.join("service.toml"), toml).unwrap();
}

/// Waits until the log says where the service listens. The log stays open as long as what comes with the answer.
fn address(child: &mut Child) -> (String, impl Sized + use<>) {
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    while let Some(line) = log.next() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if line["message"] == "listening" {
            return (line["http.address"].as_str().unwrap().to_owned(), log);
        }
    }
    panic!("it ended before it listened")
}

#[tokio::test]
async fn keys_are_made_and_a_served_process_ends_well_when_told() {
    let (folder, database) = (tempfile::tempdir().unwrap(), TestDatabase::new().await);
    configure(folder.path());
    let run = |arguments: &[&str]| command(folder.path(), &database, arguments).output().unwrap();
    let pem = folder.path().join("signing.pem");
    let public = text(&run(&["keys", "generate-signing", "--out", pem.to_str().unwrap()]));
    assert_eq!((public.len(), &text(&run(&["keys", "public"]))), (66, &public));
    assert!(text(&run(&["migrate"])).starts_with("schema version "));
    let create = ["keys", "create-client", "--name", "till", "--permissions", "metrics,dispense", "--site"];
    let key = text(&run(&[&create[..], &["4012345000054"]].concat()));
    let wrong = run(&[&create[..], &["4012345000055"]].concat());
    assert!(!wrong.status.success() && String::from_utf8_lossy(&wrong.stderr).contains("GLN is not valid"));
    let unprintable = run(&["keys", "create-client", "--name", "till\u{1b}[2J", "--permissions", "metrics"]);
    assert!(!unprintable.status.success(), "a name that would write on the operator's screen");
    let listed = text(&run(&["keys", "list-clients"]));
    assert!(listed.ends_with("in force\t4012345000054\tdispense,metrics\ttill"), "{listed}");

    let mut child =
        command(folder.path(), &database, &["serve", "--no-node"]).stderr(Stdio::piped()).spawn().unwrap();
    let (address, _log) = address(&mut child);
    let base = format!("http://{address}");
    let metrics = reqwest::Client::new().get(format!("{base}/metrics")).bearer_auth(&key);
    assert!(metrics.send().await.unwrap().status().is_success());
    let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(asked.success() && child.wait().unwrap().success(), "it did not end well");
}

#[tokio::test]
async fn what_cannot_start_says_why_and_opens_no_port() {
    let (folder, database) = (tempfile::tempdir().unwrap(), TestDatabase::new().await);
    let fails = |arguments: &[&str]| {
        let output = command(folder.path(), &database, arguments).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    std::fs::write(
        folder.path().join("service.toml"),
        "[organisation]\nid = 1\nnam = \"x\"\n[keys]\nfile = \"k.pem\"\n",
    )
    .unwrap();
    assert!(fails(&["serve"]).contains("unknown field `nam`"));
    configure(folder.path());
    assert!(fails(&["serve"]).contains("signing.pem: cannot be read"));
    let name = database.url().split('/').nth(3).and_then(|rest| rest.split('?').next()).unwrap();
    let elsewhere = database.url().replacen(name, "postgres", 1);
    let mut serve = command(folder.path(), &database, &["serve", "--no-node"]);
    let output = serve.env("DATABASE_URL", elsewhere).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && errors.contains("it has no schema yet (run `migrate`)"), "{errors}");
}
