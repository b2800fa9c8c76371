"""An APScheduler whose jobs are on the server: schedules the numbers that it reads, and prints what it accepted."""

import os
import sys
from datetime import datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.redis import RedisJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from ledger import job, record
from redis.exceptions import ConnectionError as NotConnected


def work(number):
    job(number)


def tick():
    record("tick")


def accept(scheduler, line):
    try:
        if line == "ticks":
            scheduler.add_job(tick, "interval", seconds=0.1, id=line, replace_existing=True)
        else:
            # Due in a second: until then it is nowhere but on the server.
            when = datetime.now() + timedelta(seconds=1)
            scheduler.add_job(work, "date", run_date=when, args=[int(line)], id=line, misfire_grace_time=None)
    except (NotConnected, OSError):
        print("failed", line, flush=True)
    else:
        print("accepted", line, flush=True)


def main():
    store = RedisJobStore(host="127.0.0.1", port=int(os.environ["REDIS_PORT"]))
    options = {"jobstores": {"default": store}, "executors": {"default": ThreadPoolExecutor(2)}}
    scheduler = BackgroundScheduler(jobstore_retry_interval=0.1, **options)
    scheduler.start()
    print("ready", flush=True)
    for line in sys.stdin:
        accept(scheduler, line.strip())
    scheduler.shutdown()


if __name__ == "__main__":
    # Jobs are stored by the name of their function, which must be the module's also for this program.
    import apscheduler_run

    apscheduler_run.main()
