//! AWS KMS as `moto` imitates it: it checks encryption contexts, signatures and policies.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use ironward_core::SystemClock;
use ironward_egress::Settings;
use ironward_secret::Secret;
use ironward_testkit::{FakeClock, Service};
use ironward_vault::{AwsAuth, AwsKeys, AwsKmsKek, AwsKmsSettings, Kek as _, KekFailure};

use crate::bench::{FIRST, dialler, keeps_the_contract, key, origin, wrap_error};

const REGION: &str = "eu-central-1";

struct Aws {
    moto: Service,
    id: String,
    secret: String,
}

impl Aws {
    /// With a user who may use KMS, and signatures checked from then on.
    fn start() -> (Self, String) {
        let moto = Service::moto();
        let mut aws = Self {
            moto,
            id: String::new(),
            secret: String::new(),
        };
        let arn = aws.create_key();
        aws.iam("Action=CreateUser&UserName=gateway");
        let policy = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%5B%22kms%3AEncrypt%22%2C%22kms%3ADecrypt%22%5D%2C%22Resource%22%3A%22%2A%22%7D%5D%7D";
        aws.iam(&format!(
            "Action=PutUserPolicy&UserName=gateway&PolicyName=kms&PolicyDocument={policy}"
        ));
        (aws.id, aws.secret) = aws.access_key("gateway");
        let reset = ["content-type: text/plain"];
        let reply = aws
            .moto
            .request("POST", "/moto-api/reset-auth", &reset, "0");
        assert_eq!(reply.status, 200, "{}", reply.text());
        (aws, arn)
    }

    fn create_key(&self) -> String {
        let headers = [
            Self::scope("kms"),
            "x-amz-target: TrentService.CreateKey".into(),
            "content-type: application/x-amz-json-1.1".into(),
        ];
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let reply = self.moto.request("POST", "/", &headers, "{}").json();
        reply["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
    }

    fn access_key(&self, user: &str) -> (String, String) {
        let reply = self.iam(&format!("Action=CreateAccessKey&UserName={user}"));
        let text = |tag: &str| {
            let (_, rest) = reply.split_once(&format!("<{tag}>")).unwrap();
            rest.split('<').next().unwrap().to_owned()
        };
        (text("AccessKeyId"), text("SecretAccessKey"))
    }

    fn iam(&self, action: &str) -> String {
        let headers = [
            Self::scope("iam"),
            "content-type: application/x-www-form-urlencoded".into(),
        ];
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let body = format!("{action}&Version=2010-05-08");
        let reply = self.moto.request("POST", "/", &headers, &body);
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.text()
    }

    /// moto finds service and region in the signature, which it does not check yet.
    fn scope(service: &str) -> String {
        format!(
            "authorization: AWS4-HMAC-SHA256 Credential=x/20260101/{REGION}/{service}/aws4_request, \
             SignedHeaders=host, Signature=0"
        )
    }

    fn settings(&self, key: &str, auth: AwsAuth) -> AwsKmsSettings {
        AwsKmsSettings {
            endpoint: Some(origin(&format!("http://{}", self.moto.address()))),
            ..AwsKmsSettings::new(REGION, key, auth)
        }
    }

    fn kek(&self, key: &str, auth: AwsAuth) -> AwsKmsKek {
        let settings = self.settings(key, auth);
        AwsKmsKek::new(
            settings,
            dialler(Settings::default()),
            Arc::new(SystemClock),
        )
        .unwrap()
    }

    fn keys(&self) -> AwsAuth {
        keys(&self.id, &self.secret)
    }
}

fn keys(id: &str, secret: &str) -> AwsAuth {
    AwsAuth::Keys(AwsKeys {
        id: id.into(),
        secret: Secret::new(secret),
        session: None,
    })
}

#[tokio::test]
async fn a_kms_key_keeps_the_contract_with_signatures_checked() {
    let (aws, arn) = Aws::start();
    let kek = aws.kek(&arn, aws.keys());
    assert_eq!(kek.describe().name(), format!("aws-kms:{arn}"));
    keeps_the_contract(Arc::new(kek)).await;
}

#[tokio::test]
async fn keys_of_a_file_are_read_for_every_request() {
    let (aws, arn) = Aws::start();
    let path = aws.moto.directory().join("credentials");
    let write = |secret: &str| {
        let id = &aws.id;
        let text = format!(
            "[default]\naws_access_key_id = x\n[gateway]\naws_access_key_id = {id}\n\
             aws_secret_access_key = {secret}\n"
        );
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    };
    let auth = |profile: &str| AwsAuth::File {
        path: path.clone(),
        profile: profile.into(),
    };
    write("wrong-canary");
    let kek = aws.kek(&arn, auth("gateway"));
    let error = wrap_error(&kek).await;
    assert_eq!(error.kind, KekFailure::Denied, "{error}");
    assert!(error.message.contains("access key") && !error.message.contains("canary"));
    write(&aws.secret);
    assert!(kek.wrap(&key(), FIRST).await.is_ok());
    let error = wrap_error(&aws.kek(&arn, auth("default"))).await;
    assert!(error.message.contains("[default]"), "{error}");
}

#[tokio::test]
async fn who_is_unknown_or_may_not_is_denied() {
    let (aws, arn) = Aws::start();
    let nobody = keys("AKIANOBODY", "canary-of-nobody");
    let error = wrap_error(&aws.kek(&arn, nobody)).await;
    assert_eq!(error.kind, KekFailure::Denied, "{error}");
    let wrong = keys(&aws.id, "canary-of-another");
    let error = wrap_error(&aws.kek(&arn, wrong)).await;
    assert_eq!(error.kind, KekFailure::Denied, "{error}");
    assert!(
        error.message.contains("clock") && !error.message.contains("canary"),
        "{error}"
    );
}

#[tokio::test]
async fn a_key_that_is_not_there_is_named() {
    let (aws, arn) = Aws::start();
    let (rest, _) = arn.rsplit_once('/').unwrap();
    let missing = format!("{rest}/00000000-0000-0000-0000-000000000000");
    let error = wrap_error(&aws.kek(&missing, aws.keys())).await;
    assert_eq!(error.kind, KekFailure::Misconfigured, "{error}");
    assert!(error.message.contains("NotFoundException"), "{error}");
}

#[test]
fn settings_are_checked() {
    let make = |region: &str, endpoint: Option<&str>| {
        let settings = AwsKmsSettings {
            endpoint: endpoint.map(origin),
            ..AwsKmsSettings::new(region, "alias/ironward", keys("a", "b"))
        };
        AwsKmsKek::new(
            settings,
            dialler(Settings::default()),
            Arc::new(FakeClock::new()),
        )
    };
    assert!(make("eu-central-1", None).is_ok());
    for region in ["", "eu central", "x.example.com/"] {
        assert!(make(region, None).is_err(), "{region}");
    }
    let error = make("eu-central-1", Some("http://kms.example.com"))
        .err()
        .unwrap();
    assert!(error.message.contains("use https"), "{error}");
}
