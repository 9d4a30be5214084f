//! Evaluates pipelines, commands and their arguments.

use super::exec::{Run, Walked};
use super::functions::{Function, Type, find};
use super::methods;
use super::node::{Command, Expr, ExprKind, Number, Part, Pipe};
use super::value::Value;

impl<'t> Run<'t> {
    /// The value of a pipeline; its variables are set.
    pub(super) fn pipe(&mut self, pipe: &'t Pipe, dot: &Value) -> Walked<Value> {
        self.at(pipe);
        let mut value = None;
        for command in &pipe.commands {
            value = match self.command(command, dot, value)? {
                Value::Nil => Some(Value::Missing),
                value => Some(value),
            };
        }
        let value = value.unwrap_or(Value::Missing);
        for name in &pipe.variables {
            if pipe.is_assign {
                self.assign(name, value.clone())?;
            } else {
                self.declare(name, value.clone());
            }
        }
        Ok(value)
    }

    /// `last` is the value of the command before it, if there is one.
    fn command(&mut self, command: &'t Command, dot: &Value, last: Option<Value>) -> Walked<Value> {
        self.step()?;
        let Some((first, args)) = command.args.split_first() else {
            return Ok(Value::Missing);
        };
        match &first.kind {
            ExprKind::Field(fields) => {
                self.at(first);
                let call = Call { args, last };
                self.fields(dot.clone(), fields, first, dot, call)
            }
            ExprKind::Chain(inner, fields) => {
                self.at(first);
                let receiver = self.expr(inner, dot)?;
                self.fields(receiver, fields, first, dot, Call { args, last })
            }
            ExprKind::Variable(name, fields) => {
                self.at(first);
                let receiver = self.variable(name)?;
                self.fields(receiver, fields, first, dot, Call { args, last })
            }
            ExprKind::Identifier(name) => {
                self.at(first);
                self.function(name, command, dot, Call { args, last })
            }
            ExprKind::Pipe(pipe) => {
                self.not_a_function(first, args, last.is_some())?;
                self.deeper(|run| run.pipe(pipe, dot))
            }
            kind => {
                self.at(first);
                self.not_a_function(first, args, last.is_some())?;
                match kind {
                    ExprKind::Nil => self.fail("nil is not a command"),
                    _ => self.expr(first, dot),
                }
            }
        }
    }

    fn not_a_function(&self, first: &Expr, args: &[Expr], piped: bool) -> Walked<()> {
        if piped || !args.is_empty() {
            return match &first.kind {
                ExprKind::Pipe(pipe) => {
                    self.fail(format!("can't give argument to non-function {pipe}"))
                }
                _ => self.fail(format!("can't give argument to non-function {first}")),
            };
        }
        Ok(())
    }

    /// The value of a word by itself.
    fn expr(&mut self, expr: &'t Expr, dot: &Value) -> Walked<Value> {
        self.step()?;
        self.at(expr);
        let call = Call::default();
        match &expr.kind {
            ExprKind::Dot => Ok(dot.clone()),
            ExprKind::Nil => Ok(Value::Missing),
            ExprKind::Bool(value) => Ok(Value::Bool(*value)),
            ExprKind::Number(number) => self.constant(number),
            ExprKind::String(_, text) => Ok(Value::text(text.as_str())),
            ExprKind::Identifier(name) => self.function(name, expr, dot, call),
            ExprKind::Pipe(pipe) => self.deeper(|run| run.pipe(pipe, dot)),
            ExprKind::Field(fields) => self.fields(dot.clone(), fields, expr, dot, call),
            ExprKind::Variable(name, fields) => {
                let receiver = self.variable(name)?;
                self.fields(receiver, fields, expr, dot, call)
            }
            ExprKind::Chain(inner, fields) => {
                let receiver = self.expr(inner, dot)?;
                self.fields(receiver, fields, expr, dot, call)
            }
        }
    }

    /// A number where any type will do: how it is written decides.
    fn constant(&self, number: &Number) -> Walked<Value> {
        let text = &number.text;
        let is_hex = text.len() > 2 && text.to_ascii_lowercase().starts_with("0x");
        let looks_like_float = text.contains(['.', 'e', 'E', 'p', 'P']);
        match (number.float, number.int) {
            (Some(float), _) if looks_like_float && !is_hex && !text.starts_with('\'') => {
                Ok(Value::Float(float))
            }
            (_, Some(int)) => Ok(Value::Int(int)),
            _ => self.fail(format!("{text} overflows int")),
        }
    }

    /// Follows fields from `receiver`; the last one may be a method with arguments.
    fn fields(
        &mut self,
        receiver: Value,
        fields: &'t [String],
        part: &'t dyn Part,
        dot: &Value,
        call: Call<'t>,
    ) -> Walked<Value> {
        let Some((last, before)) = fields.split_last() else {
            if call.given() {
                return self.fail(format!("can't give argument to non-function {part}"));
            }
            return Ok(receiver);
        };
        let mut value = receiver;
        let mut is_interface = false;
        for field in before {
            (value, is_interface) = self.field(&value, is_interface, field, false)?;
        }
        if let Some(method) = methods::find(&value, last) {
            let args = self.arguments(last, method.params, false, dot, call)?;
            return match (method.call)(&value, &args) {
                Ok(value) => Ok(value),
                Err(message) => {
                    self.at(part);
                    self.fail(format!("error calling {last}: {message}"))
                }
            };
        }
        self.field(&value, is_interface, last, call.given())
            .map(|found| found.0)
    }

    /// A field of a value, and whether its type says nothing of what is in it.
    fn field(
        &self,
        receiver: &Value,
        is_interface: bool,
        field: &str,
        has_args: bool,
    ) -> Walked<(Value, bool)> {
        let not_a_function = || format!("{field} has arguments but cannot be invoked as function");
        let found = match receiver {
            Value::Missing | Value::Nil => return Ok((Value::Missing, false)),
            Value::Labels(_) | Value::Args(_) if has_args => {
                return self.fail(format!("{field} is not a method but has arguments"));
            }
            Value::Labels(labels) => {
                let value = labels.get(field).cloned().unwrap_or_default();
                return Ok((Value::text(value), false));
            }
            Value::Args(args) => {
                let found = args.get(field).filter(|v| !matches!(v, Value::Missing));
                return Ok((found.cloned().unwrap_or(Value::Nil), true));
            }
            Value::Sample(sample) => match field {
                "Labels" => Some((Value::Labels(sample.labels.clone()), false)),
                "Value" => Some((sample.value.clone(), true)),
                _ => None,
            },
            Value::Data(data) => match field {
                "Labels" => Some((Value::Labels(data.labels.clone()), false)),
                "ExternalLabels" => Some((Value::Labels(data.external_labels.clone()), false)),
                "ExternalURL" => Some((Value::Text(data.external_url.clone()), false)),
                "Value" => Some((data.value.clone(), true)),
                _ => None,
            },
            _ => None,
        };
        match found {
            Some(_) if has_args => self.fail(not_a_function()),
            Some(found) => Ok(found),
            None => {
                let of = if is_interface {
                    "interface {}"
                } else {
                    receiver.type_name()
                };
                self.fail(format!("can't evaluate field {field} in type {of}"))
            }
        }
    }

    fn function(
        &mut self,
        name: &'t str,
        part: &'t dyn Part,
        dot: &Value,
        call: Call<'t>,
    ) -> Walked<Value> {
        let Some(function) = find(name) else {
            return self.fail(format!(
                "{} is not a defined function",
                narthex_syntax::Quoted(name)
            ));
        };
        if name == "and" || name == "or" {
            return self.and_or(name, function, dot, call);
        }
        let args = self.arguments(name, function.params, function.variadic, dot, call)?;
        let value = match (function.call)(&args, self.context) {
            Ok(value) => value,
            Err(super::functions::Failure::Ask(query)) => {
                return Err(super::exec::Stop::Ask(query));
            }
            Err(super::functions::Failure::Error(message)) => {
                self.at(part);
                return self.fail(format!("error calling {name}: {message}"));
            }
        };
        let cost = value.as_text().map_or(0, str::len);
        self.spend_text(cost + value.len().unwrap_or(0))?;
        Ok(value)
    }

    /// `and` and `or` look at no more arguments than they need.
    fn and_or(
        &mut self,
        name: &str,
        function: &'static Function,
        dot: &Value,
        call: Call<'t>,
    ) -> Walked<Value> {
        self.check_count(name, function.params, function.variadic, &call)?;
        let mut value = Value::Missing;
        for arg in call.args {
            value = self.argument(arg, Type::Any, dot)?;
            if value.is_true() == (name == "or") {
                return Ok(value);
            }
        }
        Ok(call.last.unwrap_or(value))
    }

    fn check_count(
        &self,
        name: &str,
        params: &[Type],
        variadic: bool,
        call: &Call<'_>,
    ) -> Walked<()> {
        let given = call.args.len() + usize::from(call.last.is_some());
        // The last parameter of a variadic function may stand any number of times.
        let least = params.len() - usize::from(variadic);
        if variadic && given < least {
            let shown = call.args.len();
            return self.fail(format!(
                "wrong number of args for {name}: want at least {least} got {shown}"
            ));
        }
        if !variadic && given != least {
            return self.fail(format!(
                "wrong number of args for {name}: want {least} got {given}"
            ));
        }
        Ok(())
    }

    fn arguments(
        &mut self,
        name: &str,
        params: &[Type],
        variadic: bool,
        dot: &Value,
        call: Call<'t>,
    ) -> Walked<Vec<Value>> {
        self.check_count(name, params, variadic, &call)?;
        let type_of = |i: usize| {
            params
                .get(i)
                .or(params.last())
                .copied()
                .unwrap_or(Type::Any)
        };
        let mut values = Vec::with_capacity(call.args.len() + 1);
        for (i, arg) in call.args.iter().enumerate() {
            values.push(self.argument(arg, type_of(i), dot)?);
        }
        if let Some(last) = call.last {
            values.push(self.checked(last, type_of(values.len()))?);
        }
        Ok(values)
    }

    /// An argument of the wanted type.
    fn argument(&mut self, arg: &'t Expr, wanted: Type, dot: &Value) -> Walked<Value> {
        self.at(arg);
        match (&arg.kind, wanted) {
            (ExprKind::Nil, wanted) if wanted.can_be_nil() => Ok(Value::Missing),
            (ExprKind::Nil, wanted) => self.fail(format!("cannot assign nil to {}", wanted.name())),
            (ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(..), wanted) => {
                self.literal(arg, wanted)
            }
            _ => {
                let value = self.expr(arg, dot)?;
                self.checked(value, wanted)
            }
        }
    }

    /// A literal takes the type that is wanted, if it can.
    fn literal(&mut self, arg: &'t Expr, wanted: Type) -> Walked<Value> {
        let value = match (wanted, &arg.kind) {
            (Type::Any, ExprKind::Number(number)) => return self.constant(number),
            (Type::Any | Type::Text, ExprKind::String(_, text)) => Some(Value::text(text.as_str())),
            (Type::Any, ExprKind::Bool(value)) => Some(Value::Bool(*value)),
            _ => None,
        };
        match (value, wanted) {
            (Some(value), _) => Ok(value),
            (None, Type::Text) => self.fail(format!("expected string; found {arg}")),
            (None, wanted) => {
                let wanted = wanted.name();
                self.fail(format!("can't handle {arg} for arg of type {wanted}"))
            }
        }
    }

    fn checked(&self, value: Value, wanted: Type) -> Walked<Value> {
        match &value {
            _ if wanted.accepts(&value) => Ok(value),
            Value::Missing => self.fail(format!("invalid value; expected {}", wanted.name())),
            value => self.fail(format!(
                "wrong type for value; expected {}; got {}",
                wanted.name(),
                value.type_name()
            )),
        }
    }
}

/// What a function is given.
#[derive(Default)]
struct Call<'t> {
    args: &'t [Expr],
    /// The value of the command before it in the pipeline.
    last: Option<Value>,
}

impl Call<'_> {
    fn given(&self) -> bool {
        !self.args.is_empty() || self.last.is_some()
    }
}
