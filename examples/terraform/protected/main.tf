# What a security review and an operator ask for: TLS, a token or users, snapshots, and logs that are delivered.

variable "name" {
  description = "What every name here begins with."
  default     = "example"
}

variable "auth_token" {
  description = "Of the orders. Another one here is added to the first (ROTATE): both let in, until one is SET."
  default     = "first-token-of-the-orders"
  sensitive   = true
}

variable "snapshot" {
  description = "What the orders are made from, by name; nothing makes them empty."
  default     = null
}

variable "final_snapshot" {
  description = "What is kept of the orders when they are destroyed, by name."
  default     = "example-final"
}

variable "retention" {
  description = "For how many days automatic snapshots are kept."
  default     = 1
}

variable "log_format" {
  default = "json"
}

variable "tags" {
  default = { stage = "test" }
}

resource "aws_elasticache_replication_group" "orders" {
  replication_group_id       = "${var.name}-orders"
  description                = "Orders"
  engine                     = "valkey"
  engine_version             = "8.1"
  node_type                  = "cache.t3.micro"
  num_cache_clusters         = 2
  automatic_failover_enabled = true
  at_rest_encryption_enabled = true
  apply_immediately          = true
  tags                       = var.tags

  # Clients are let in by TLS alone, and find the authority at ENDPOINT/ca.pem.
  transit_encryption_enabled = true
  transit_encryption_mode    = "required"
  auth_token                 = var.auth_token
  auth_token_update_strategy = "ROTATE"

  snapshot_name             = var.snapshot
  snapshot_retention_limit  = var.retention
  snapshot_window           = "03:00-04:00"
  final_snapshot_identifier = var.final_snapshot

  # To files below the server's data directory, unless it is told of a service (--logs-endpoint).
  log_delivery_configuration {
    log_type         = "slow-log"
    log_format       = var.log_format
    destination_type = "cloudwatch-logs"
    destination      = "${var.name}/slow"
  }

  log_delivery_configuration {
    log_type         = "engine-log"
    log_format       = "text"
    destination_type = "cloudwatch-logs"
    destination      = "${var.name}/engine"
  }
}

# A group needs a user whose name is default; this one may do nothing.
resource "aws_elasticache_user" "default" {
  user_id       = "${var.name}-nobody"
  user_name     = "default"
  engine        = "redis"
  access_string = "off -@all"

  authentication_mode {
    type      = "password"
    passwords = ["password-that-nobody-knows"]
  }
}

resource "aws_elasticache_user" "shop" {
  user_id       = "${var.name}-shop"
  user_name     = "shop"
  engine        = "redis"
  access_string = "on ~cart:* +@read +@write"

  authentication_mode {
    type      = "password"
    passwords = ["password-of-the-shop"]
  }
}

resource "aws_elasticache_user_group" "shops" {
  user_group_id = "${var.name}-shops"
  engine        = "redis"
  user_ids      = [aws_elasticache_user.default.user_id, aws_elasticache_user.shop.user_id]
}

# Users in place of a token.
resource "aws_elasticache_replication_group" "carts" {
  replication_group_id       = "${var.name}-carts"
  description                = "Carts"
  engine                     = "redis"
  engine_version             = "7.0"
  node_type                  = "cache.t3.micro"
  transit_encryption_enabled = true
  user_group_ids             = [aws_elasticache_user_group.shops.user_group_id]
  apply_immediately          = true
}

output "orders" {
  value = aws_elasticache_replication_group.orders.primary_endpoint_address
}
