# Cache clusters outside replication groups, with what they refer to.

variable "name" {
  description = "What every name here begins with."
  default     = "example"
}

variable "node_type" {
  description = "Of Redis; Terraform replaces a Memcached cluster whose node type changes."
  default     = "cache.t3.micro"
}

variable "memcached_nodes" {
  default = 2
}

variable "eviction" {
  description = "What Redis does when its memory is full."
  default     = "allkeys-lru"
}

variable "subnets" {
  description = "Any well-formed ids: zone and VPC follow from them (docs/FIDELITY.md)."
  default     = ["subnet-0a1b2c3d", "subnet-1b2c3d4e"]
}

variable "tags" {
  default = { stage = "test" }
}

resource "aws_elasticache_subnet_group" "this" {
  name        = "${var.name}-subnets"
  description = "Where the caches of ${var.name} lie"
  subnet_ids  = var.subnets
  tags        = var.tags
}

resource "aws_elasticache_parameter_group" "redis" {
  name   = "${var.name}-redis7"
  family = "redis7"
  tags   = var.tags

  parameter {
    name  = "maxmemory-policy"
    value = var.eviction
  }

  parameter {
    name  = "timeout"
    value = "0"
  }
}

resource "aws_elasticache_parameter_group" "memcached" {
  name        = "${var.name}-memcached"
  family      = "memcached1.6"
  description = "Memcached of ${var.name}"

  parameter {
    name  = "idle_timeout"
    value = "60"
  }
}

resource "aws_elasticache_cluster" "redis" {
  cluster_id               = "${var.name}-redis"
  engine                   = "redis"
  engine_version           = "7.0"
  node_type                = var.node_type
  num_cache_nodes          = 1
  parameter_group_name     = aws_elasticache_parameter_group.redis.name
  subnet_group_name        = aws_elasticache_subnet_group.this.name
  security_group_ids       = ["sg-0123456789abcdef0"]
  maintenance_window       = "sun:05:00-sun:06:00"
  snapshot_window          = "03:00-04:00"
  snapshot_retention_limit = 1
  notification_topic_arn   = "arn:aws:sns:us-east-1:000000000000:caches"
  apply_immediately        = true
  tags                     = var.tags
}

resource "aws_elasticache_cluster" "memcached" {
  cluster_id           = "${var.name}-memcached"
  engine               = "memcached"
  node_type            = "cache.t3.micro"
  num_cache_nodes      = var.memcached_nodes
  az_mode              = "cross-az"
  port                 = 11222
  parameter_group_name = aws_elasticache_parameter_group.memcached.name
  subnet_group_name    = aws_elasticache_subnet_group.this.name
  apply_immediately    = true
  tags                 = var.tags
}

data "aws_elasticache_cluster" "memcached" {
  cluster_id = aws_elasticache_cluster.memcached.cluster_id
}

data "aws_elasticache_subnet_group" "this" {
  name = aws_elasticache_subnet_group.this.name
}

output "redis" {
  value = one(aws_elasticache_cluster.redis.cache_nodes)
}

output "memcached" {
  description = "What a client with auto discovery is given."
  value       = data.aws_elasticache_cluster.memcached.configuration_endpoint
}

output "vpc" {
  value = data.aws_elasticache_subnet_group.this.vpc_id
}
