"""Stand-ins for the services outside AWS: TrustedForm, Twilio and the issuer of users' tokens."""

import base64
import http.server
import json
import socket
import subprocess
import threading
import time


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class StandIns:
    """Answers on loopback and records the calls. Each service accepts one key, which only Secrets Manager holds."""

    TRUSTED_FORM_KEY = "key-that-only-secrets-manager-holds"
    TWILIO_ACCOUNT = "AC" + "0" * 32
    TWILIO_TOKEN = "token-that-only-secrets-manager-holds"

    def __init__(self):
        self.certificates = set()
        self.numbers = 0
        self.retained = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()

    def answer(self, path, credentials):
        if path.endswith("/validate"):
            if credentials != f"API:{self.TRUSTED_FORM_KEY}":
                return 401, {"outcome": "error", "reason": "Incorrect API key"}
            self.certificates.add(path.split("/")[-2])
            return 200, {"outcome": "success", "reason": "This is a valid Web certificate id"}
        if path.startswith("/v2/PhoneNumbers/"):
            if credentials != f"{self.TWILIO_ACCOUNT}:{self.TWILIO_TOKEN}":
                return 401, {"code": 20003, "message": "Authenticate"}
            self.numbers += 1
            return 200, {"valid": True, "validation_errors": [], "line_type_intelligence": {"type": "mobile", "error_code": None}}
        return 404, {}

    def retain(self, path, version, credentials, body):
        if credentials != f"API:{self.TRUSTED_FORM_KEY}":
            return 401, {"outcome": "error", "reason": "Incorrect API key"}
        if version != "4.0" or len(body["match_lead"]["phone"]) != 10:
            return 400, {"outcome": "error", "reason": "Not a request of version 4.0"}
        self.retained.append((path.strip("/"), body["retain"]["reference"], body["retain"]["vendor"]))
        matched = {"result": {"email_match": True, "phone_match": True, "success": True}}
        kept = {"results": {"expires_at": "2031-11-26T00:00:00Z", "previously_retained": False}}
        return 200, {"outcome": "success", "match_lead": matched, "retain": kept}

    def handler(stand_ins):
        class Handler(http.server.BaseHTTPRequestHandler):
            def credentials(self):
                scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
                return base64.b64decode(credentials).decode() if scheme == "Basic" else ""

            def do_GET(self):
                self.send(*stand_ins.answer(self.path, self.credentials()))

            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send(*stand_ins.retain(self.path, self.headers.get("api-version"), self.credentials(), asked))

            def send(self, status, body):
                body = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass  # a path contains a phone number or a certificate

        return Handler


class Issuer:
    """The issuer of the local stack, which runs for nothing else."""

    AUDIENCE = "leadping-local"

    def __init__(self, binaries, scratch):
        self.leadctl, self.data = binaries / "leadctl", scratch / "issuer"
        self.command = [str(binaries / "local"), "--memory", "--port", "0", "--json", "--data", str(self.data)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        running, until = self.data / "running.json", time.monotonic() + 60
        while not running.exists():
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError("the local issuer does not start")
            time.sleep(0.1)
        self.url = json.loads(running.read_text())["issuer"]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def token(self, business, scope="leads:read conversations:write"):
        command = [str(self.leadctl), "--data", str(self.data), "--output", "json", "token", "--business", business, "--scope", scope]
        return json.loads(subprocess.run(command, check=True, text=True, capture_output=True).stdout)["token"]
