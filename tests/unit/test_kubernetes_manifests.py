"""The manifests of docker/kubernetes, built, and held against the schemas and each other."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from kustomization import build, containers

from pipelines.settings import load_settings

DOCKER = Path(__file__).resolve().parents[2] / "docker"
KUBERNETES = DOCKER / "kubernetes"
OVERLAYS = ("overlays/demo", "overlays/production")
WITHOUT_PROBES = {"bootstrap", "reconciler"}
"""The first ends by itself; the other listens to nobody and says what it does in its log."""
TOKEN = "/run/secrets/kubernetes.io/serviceaccount"
"""To which /var/run/secrets/… leads in every image."""


@pytest.fixture(scope="module", params=OVERLAYS)
def manifests(request) -> list[dict]:
    return build(KUBERNETES / request.param)


@pytest.fixture(scope="module")
def secrets(tmp_path_factory) -> dict[str, set[str]]:
    """The Secrets that the script makes, and the keys of each."""
    folder = tmp_path_factory.mktemp("secrets")
    said = subprocess.run(
        [KUBERNETES / "make-secrets", folder], capture_output=True, text=True, check=True
    ).stdout
    documents = list(yaml.safe_load_all(said))
    for document in documents:
        kubernetes_validate.validate(document, "1.33", strict=True)
    return {each["metadata"]["name"]: set(each["stringData"]) for each in documents}


def test_a_secret_of_your_own_may_hold_what_yaml_takes_for_its_own(tmp_path):
    (tmp_path / "mlflow_password").write_text('a"b\\n#: %s$(id)\n', encoding="utf-8")

    made = subprocess.run(
        [KUBERNETES / "make-secrets", tmp_path], capture_output=True, text=True, check=True
    ).stdout

    first, *_ = yaml.safe_load_all(made)
    assert first["stringData"]["MLFLOW_TRACKING_PASSWORD"] == 'a"b\\n#: %s$(id)'


def named(manifests: list[dict], kind: str) -> dict[str, dict]:
    return {each["metadata"]["name"]: each for each in manifests if each["kind"] == kind}


def workloads(manifests: list[dict]) -> dict[str, dict]:
    return {each["metadata"]["name"]: each for each in manifests if containers(each)}


def test_every_manifest_is_what_kubernetes_takes(manifests):
    for manifest in manifests:
        kubernetes_validate.validate(manifest, "1.33", strict=True)


def test_a_manifest_with_a_misspelt_key_would_be_noticed(manifests):
    manifest = {**next(iter(workloads(manifests).values()))}
    manifest["spec"] = {**manifest["spec"], "replica": 1}

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, "1.33", strict=True)


def test_what_is_built_here_is_what_kubectl_builds(manifests, request):
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        return  # then nothing but our own build is looked at, here and in every other test
    folder = KUBERNETES / request.node.callspec.params["manifests"]
    said = subprocess.run([kubectl, "kustomize", folder], capture_output=True, check=True).stdout
    theirs = {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(said)}
    ours = {(each["kind"], each["metadata"]["name"]): each for each in manifests}

    assert ours.keys() == theirs.keys()
    for name, manifest in ours.items():
        assert manifest == theirs[name]


def test_no_container_may_do_more_than_it_has_to(manifests):
    for name, workload in workloads(manifests).items():
        pod = workload["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is (name == "worker")
        assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}
        assert not [volume for volume in pod["volumes"] if "hostPath" in volume]
        for container in containers(workload):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


def test_every_container_says_what_it_needs_and_when_it_lives(manifests):
    for name, workload in workloads(manifests).items():
        for container in containers(workload):
            assert container["resources"].keys() == {"requests", "limits"}
            assert container["resources"]["limits"].keys() == {"cpu", "memory"}
        for container in workload["spec"]["template"]["spec"]["containers"]:
            probes = {key for key in container if key.endswith("Probe")}
            assert (probes >= {"startupProbe", "livenessProbe"}) is (name not in WITHOUT_PROBES)


def test_a_folder_within_a_volume_is_made_before_something_is_mounted_there(manifests):
    """Kubernetes would make it, for root alone, and what lies beside it could not be written."""
    nested = set()
    for name, workload in workloads(manifests).items():
        pod = workload["spec"]["template"]["spec"]
        claimed = {each["name"] for each in pod["volumes"] if "persistentVolumeClaim" in each}
        for container in pod["containers"]:
            mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
            outer = [path for path, volume in mounts.items() if volume in claimed]
            for path in outer:
                inner = [each for each in mounts if each.startswith(f"{path}/")]
                made = [
                    each["command"][-1]
                    for each in pod.get("initContainers", [])
                    if each["command"][:2] == ["mkdir", "-p"]
                    and [mount["mountPath"] for mount in each["volumeMounts"]] == [path]
                ]
                assert inner == made, name
                nested |= {name} if inner else set()
    assert "api" in nested


def test_a_token_finds_room_where_kubernetes_puts_it(manifests):
    """No pod would start in which that place lies within a volume of ours, which are read-only."""
    with_token = 0
    for name, workload in workloads(manifests).items():
        pod = workload["spec"]["template"]["spec"]
        with_token += pod["automountServiceAccountToken"]
        for container in containers(workload) if pod["automountServiceAccountToken"] else []:
            for mount in container["volumeMounts"]:
                real = re.sub("^/var/run", "/run", mount["mountPath"])
                assert not f"{TOKEN}/".startswith(f"{real}/"), name
    assert with_token == 1


def test_what_a_workload_refers_to_is_there(manifests, secrets):
    configured = named(manifests, "ConfigMap")
    claims = named(manifests, "PersistentVolumeClaim")
    accounts = named(manifests, "ServiceAccount")
    for workload in workloads(manifests).values():
        pod = workload["spec"]["template"]["spec"]
        assert pod.get("serviceAccountName") in {None, *accounts}
        made = workload["spec"].get("volumeClaimTemplates", [])
        own = {each["metadata"]["name"] for each in made}
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for volume in volumes.values():
            assert volume.get("configMap", {}).get("name") in {None, *configured}
            assert volume.get("secret", {}).get("secretName") in {None, *secrets}
            assert volume.get("persistentVolumeClaim", {}).get("claimName") in {None, *claims}
        for container in containers(workload):
            for mount in container["volumeMounts"]:
                assert mount["name"] in {*volumes, *own}
            for origin in container.get("envFrom", []):
                assert origin["configMapRef"]["name"] in configured


def test_every_secret_file_that_is_named_is_in_the_secret_that_is_mounted(manifests, secrets):
    places = named(manifests, "ConfigMap")["contender-places"]["data"]
    for workload in workloads(manifests).values():
        volumes = workload["spec"]["template"]["spec"]["volumes"]
        held = {
            volume["name"]: secrets[volume["secret"]["secretName"]]
            for volume in volumes
            if "secret" in volume
        }
        for container in containers(workload):
            mounted = {
                f"{mount['mountPath']}/{key}"
                for mount in container["volumeMounts"]
                for key in held.get(mount["name"], ())
            }
            given = {each["name"]: each["value"] for each in container.get("env", [])}
            given |= places if container.get("envFrom") else {}
            files = {value for name, value in given.items() if name.endswith("_FILE")}
            read = set(re.findall(r"/run/secrets/\w+", " ".join(container.get("command", []))))
            assert files | read <= mounted, workload["metadata"]["name"]


def test_services_scalers_and_budgets_find_their_pods(manifests):
    labels = {
        name: each["spec"]["template"]["metadata"]["labels"]
        for name, each in workloads(manifests).items()
    }
    for kind in ("Service", "PodDisruptionBudget"):
        for each in named(manifests, kind).values():
            selector = each["spec"]["selector"]
            selector = selector.get("matchLabels", selector)
            assert any(selector.items() <= found.items() for found in labels.values())
    for scaler in named(manifests, "HorizontalPodAutoscaler").values():
        target = scaler["spec"]["scaleTargetRef"]
        scaled = named(manifests, target["kind"])[target["name"]]
        assert "replicas" not in scaled["spec"], "each apply would undo what the scaler did"
    assert named(manifests, "HorizontalPodAutoscaler").keys() == {"api", "model-worker"}


def test_images_are_the_targets_of_the_dockerfile(manifests):
    targets = set(re.findall(r"^FROM \S+ AS (\S+)", (DOCKER / "Dockerfile").read_text(), re.M))
    for name, workload in workloads(manifests).items():
        for container in containers(workload):
            image = container["image"].rpartition("/")[2].partition(":")[0]
            assert image.removeprefix("contender-") in targets or name in {"postgres", "redis"}


def test_the_settings_are_read_by_the_code_that_reads_them_in_the_cluster(manifests, home):
    text = named(manifests, "ConfigMap")["contender-settings"]["data"]["contender.toml"]
    (home / "contender.toml").write_text(text, encoding="utf-8")
    places = named(manifests, "ConfigMap")["contender-places"]["data"]
    given = {name: value for name, value in places.items() if not name.endswith("_FILE")}

    settings = load_settings(
        {**given, "CONTENDER_HOME": str(home), "CONTENDER_STORE_URL": "postgresql+psycopg://db/c"}
    )

    assert settings.pools == ("kubernetes",)
    runs = settings.flows.containers
    assert runs.volume in named(manifests, "PersistentVolumeClaim")
    assert runs.service_account in named(manifests, "ServiceAccount")
    assert runs.namespace in named(manifests, "Namespace")
    (trainer,) = workloads(manifests)["flows"]["spec"]["template"]["spec"]["containers"]
    assert runs.image == trainer["image"]
    assert {settings.mlflow_url, settings.prefect_url} == {
        f"http://{name}:{service['spec']['ports'][0]['port']}"
        for name, service in named(manifests, "Service").items()
        if name in {"mlflow", "prefect"}
    }


def test_the_databases_of_the_demo_are_made_as_those_of_the_compose_file():
    made = named(build(KUBERNETES / "overlays/demo"), "ConfigMap")["postgres-databases"]["data"]

    assert made["databases.sh"] == (DOCKER / "postgres" / "databases.sh").read_text()
