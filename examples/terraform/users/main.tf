# Users, a group of them, and one that joins the group by an association of its own.

variable "name" {
  description = "What every name here begins with."
  default     = "example"
}

variable "access" {
  description = "What the application may do."
  default     = "on ~app:* +@read"
}

variable "passwords" {
  description = "Of the application; two while they are being changed."
  default     = ["first-password-of-the-app"]
  sensitive   = true
}

variable "tags" {
  default = { stage = "test" }
}

# A group needs a user whose name is default; this one may do nothing.
resource "aws_elasticache_user" "default" {
  user_id       = "${var.name}-default"
  user_name     = "default"
  engine        = "redis"
  access_string = "off -@all"

  authentication_mode {
    type      = "password"
    passwords = ["password-that-nobody-knows"]
  }
}

resource "aws_elasticache_user" "application" {
  user_id       = "${var.name}-application"
  user_name     = "application"
  engine        = "redis"
  access_string = var.access
  passwords     = var.passwords
  tags          = var.tags
}

resource "aws_elasticache_user" "reports" {
  user_id              = "${var.name}-reports"
  user_name            = "reports"
  engine               = "redis"
  access_string        = "on ~* +@read"
  no_password_required = true
}

resource "aws_elasticache_user_group" "this" {
  user_group_id = "${var.name}-users"
  engine        = "redis"
  user_ids      = [aws_elasticache_user.default.user_id, aws_elasticache_user.application.user_id]
  tags          = var.tags

  lifecycle {
    # The association below is a member as well.
    ignore_changes = [user_ids]
  }
}

resource "aws_elasticache_user_group_association" "reports" {
  user_group_id = aws_elasticache_user_group.this.user_group_id
  user_id       = aws_elasticache_user.reports.user_id
}

data "aws_elasticache_user" "application" {
  user_id = aws_elasticache_user.application.user_id
}

output "application" {
  # The provider plans its other attributes as if they were never set; an output of those would show in the second plan.
  value = data.aws_elasticache_user.application.id
}
