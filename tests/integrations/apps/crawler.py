"""A crawler of scrapy-redis: several of these share one queue of requests, one filter of duplicates and the items."""

import sys

from redis.backoff import ConstantBackoff
from redis.retry import Retry
from scrapy.crawler import CrawlerProcess
from scrapy_redis.spiders import RedisSpider
from serving import URL


class Pages(RedisSpider):
    name = "pages"
    redis_key = "pages:start"

    def parse(self, response):
        yield {"path": response.url.split("/", 3)[3], "crawler": sys.argv[1]}
        yield from response.follow_all(css="a")


process = CrawlerProcess(
    {
        "LOG_LEVEL": "ERROR",
        "USER_AGENT": sys.argv[1],
        "TELNETCONSOLE_ENABLED": False,
        "DOWNLOAD_DELAY": 0,
        "CONCURRENT_REQUESTS": 4,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 4,
        "ROBOTSTXT_OBEY": False,
        "SCHEDULER": "scrapy_redis.scheduler.Scheduler",
        "SCHEDULER_PERSIST": True,
        "DUPEFILTER_CLASS": "scrapy_redis.dupefilter.RFPDupeFilter",
        "ITEM_PIPELINES": {"scrapy_redis.pipelines.RedisPipeline": 300},
        "REDIS_URL": URL,
        "REDIS_PARAMS": {"retry": Retry(ConstantBackoff(0.1), 100)},
    }
)
process.crawl(Pages)
process.start()
