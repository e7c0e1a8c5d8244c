"""An object store that speaks S3, for tests: moto.

    python s3_service.py

makes the bucket `logs`, prints the address that it listens on, and serves until it is killed. Any
credentials are good.
"""

import logging
import threading

import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
address = f"http://{host}:{port}"
boto3.client(
    "s3", endpoint_url=address, region_name="us-east-1",
    aws_access_key_id="test", aws_secret_access_key="test",
).create_bucket(Bucket="logs")
print(address, flush=True)
threading.Event().wait()
